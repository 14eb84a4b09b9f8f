import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '#stdx';
import { saslPrep } from './sasl-prep.ts';

/** What a server keeps of a password for SCRAM-SHA-256: enough to recognise it, not to use it (RFC 5802 §3). */
export interface ScramKeys {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** RFC 7677 §4 asks for at least 4,096, and for more as machines get faster; phones must do it at every login. */
export const SCRAM_ITERATIONS = 10_000;
/** Bounds of what an exchange will announce: keys outside them are not used. */
export const SCRAM_ITERATIONS_MIN = 4_096;

const derive = promisify(pbkdf2);

/** The keys of a password, in a worker thread. Throws `RangeError` when SASLprep prohibits the password. */
export async function deriveScramKeys(
  password: string,
  random: Random,
  iterations = SCRAM_ITERATIONS,
): Promise<ScramKeys> {
  const prepared = saslPrep(password);
  if (!prepared) throw new RangeError('password cannot be prepared');
  const salt = random.bytes(16);
  return { salt, iterations, ...keysOf(await derive(prepared, salt, iterations, 32, 'sha256')) };
}

/** RFC 5802 §3: StoredKey and ServerKey of a SaltedPassword. */
export function keysOf(saltedPassword: Buffer): Pick<ScramKeys, 'storedKey' | 'serverKey'> {
  return {
    storedKey: sha256(hmac(saltedPassword, 'Client Key')),
    serverKey: hmac(saltedPassword, 'Server Key'),
  };
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
