import { deriveScramKeys, formatScramKeys, saslPrep } from '#protocol/sasl';
import type { Random } from '#stdx';
import { DEFAULT_PASSWORD_COST, hashPassword, type PasswordCost } from './password.ts';

/**
 * What is kept of a password. `scramKeys` are there because SCRAM (RFC 5802 §3) cannot be checked against any other hash; they
 * are cheaper to guess at than the Argon2id verifier, and so never leave the directory and the hubs' memory, like it.
 */
export interface PasswordSecrets {
  /** Argon2id, PHC string format. */
  readonly verifier: string;
  /** SCRAM-SHA-256, RFC 5803 format; `null` for a password that SASLprep (RFC 4013) prohibits: it signs in by PLAIN only. */
  readonly scramKeys: string | null;
}

export async function passwordSecrets(
  password: string,
  random: Random,
  cost: PasswordCost = DEFAULT_PASSWORD_COST,
): Promise<PasswordSecrets> {
  const [verifier, scramKeys] = await Promise.all([
    hashPassword(password, random, cost),
    scramKeysOf(password, random, cost.scramIterations),
  ]);
  return { verifier, scramKeys };
}

/** `null` when SASLprep prohibits the password. */
export async function scramKeysOf(password: string, random: Random, iterations?: number): Promise<string | null> {
  return saslPrep(password) ? formatScramKeys(await deriveScramKeys(password, random, iterations)) : null;
}
