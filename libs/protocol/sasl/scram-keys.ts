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

/**
 * RFC 7677 §4 asks for at least 4,096, and for more as machines get faster: what is kept is only as hard to guess from as
 * this. 50,000 take a phone some tens of milliseconds at each sign-in, and stay below the 65,536 Cyrus SASL's client takes.
 */
export const SCRAM_ITERATIONS = 50_000;
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

const STORED = /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]{1,128})\$([A-Za-z0-9+/]{43}=):([A-Za-z0-9+/]{43}=)$/;

/** The keys as text, RFC 5803 §2: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`. */
export function formatScramKeys({ salt, iterations, storedKey, serverKey }: ScramKeys): string {
  const [s, stored, server] = [salt, storedKey, serverKey].map((bytes) => bytes.toString('base64'));
  return `SCRAM-SHA-256$${iterations}:${s}$${stored}:${server}`;
}

/** `null` when the text holds no keys of SCRAM-SHA-256. */
export function parseScramKeys(text: string): ScramKeys | null {
  const match = STORED.exec(text);
  if (!match) return null;
  const [salt, storedKey, serverKey] = match.slice(2).map((part) => Buffer.from(part, 'base64'));
  return { salt: salt!, iterations: Number(match[1]), storedKey: storedKey!, serverKey: serverKey! };
}

export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest();
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
