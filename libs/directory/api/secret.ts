import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '#stdx';

/**
 * An API key as its owner holds it: `rk_<prefix>_<secret>`. The prefix finds the row; of the secret, 256 random bits,
 * only the SHA-256 is kept, which needs no slow hash because it cannot be guessed.
 */
export interface ApiKeySecret {
  readonly prefix: string;
  readonly text: string;
  readonly hash: Buffer;
}

const FORM = /^rk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export function makeApiKeySecret(random: Pick<Random, 'bytes'>): ApiKeySecret {
  const prefix = random.bytes(6).toString('hex');
  const text = `rk_${prefix}_${random.bytes(32).toString('base64url')}`;
  return { prefix, text, hash: sha256(text) };
}

/** `undefined` when it does not look like a key of ours. */
export function readApiKeySecret(text: string): ApiKeySecret | undefined {
  const prefix = FORM.exec(text)?.[1];
  return prefix === undefined ? undefined : { prefix, text, hash: sha256(text) };
}

/** In constant time. */
export function isSecretOf(secret: ApiKeySecret, hash: Uint8Array): boolean {
  return secret.hash.length === hash.length && timingSafeEqual(secret.hash, hash);
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
