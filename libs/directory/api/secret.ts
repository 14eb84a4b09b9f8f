import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '#stdx';

/** What a secret opens: the API (`rk`), or one account's mail (`rt`). */
type SecretKind = 'rk' | 'rt';

/**
 * A secret as its owner holds it: `rk_<prefix>_<secret>`. The prefix finds the row; of the secret, 256 random bits, only the
 * SHA-256 is kept, which needs no slow hash because it cannot be guessed.
 */
export interface PrefixedSecret {
  readonly prefix: string;
  readonly text: string;
  readonly hash: Buffer;
}

const FORM = /^(r[kt])_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export const makeApiKeySecret = (random: Pick<Random, 'bytes'>): PrefixedSecret => make('rk', random);
export const makeTokenSecret = (random: Pick<Random, 'bytes'>): PrefixedSecret => make('rt', random);

/** `undefined` when it does not look like a key of ours. */
export const readApiKeySecret = (text: string): PrefixedSecret | undefined => read('rk', text);
/** `undefined` when it does not look like a token of ours. */
export const readTokenSecret = (text: string): PrefixedSecret | undefined => read('rt', text);

function make(kind: SecretKind, random: Pick<Random, 'bytes'>): PrefixedSecret {
  const prefix = random.bytes(6).toString('hex');
  const text = `${kind}_${prefix}_${random.bytes(32).toString('base64url')}`;
  return { prefix, text, hash: sha256(text) };
}

function read(kind: SecretKind, text: string): PrefixedSecret | undefined {
  const [, found, prefix] = FORM.exec(text) ?? [];
  return found !== kind || prefix === undefined ? undefined : { prefix, text, hash: sha256(text) };
}

/** In constant time. */
export function isSecretOf(secret: PrefixedSecret, hash: Uint8Array): boolean {
  return secret.hash.length === hash.length && timingSafeEqual(secret.hash, hash);
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
