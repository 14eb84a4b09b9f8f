import { createCipheriv, createDecipheriv, createHash, hkdfSync } from 'node:crypto';
import type { Random } from '#stdx';

/** What is kept of an answer. */
export interface KeptAnswer {
  /** 200 for whatever the route answers when it is done; else the refusal's. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM under a key that only the caller's API key and Idempotency-Key give (HKDF, RFC 5869): the answer that
 * shows a new secret can be given again, and can be read by nobody from the database.
 */
export function seal(
  answer: KeptAnswer,
  secret: string,
  idempotencyKey: string,
  random: Pick<Random, 'bytes'>,
): Buffer {
  const iv = random.bytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyOf(secret, idempotencyKey), iv);
  const text = Buffer.concat([cipher.update(JSON.stringify(answer)), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), text]);
}

/** Throws when it was sealed otherwise, or altered. */
export function unseal(sealed: Buffer, secret: string, idempotencyKey: string): KeptAnswer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(secret, idempotencyKey), sealed.subarray(0, IV_BYTES));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  const text = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  return JSON.parse(text.toString()) as KeptAnswer;
}

const keyOf = (secret: string, idempotencyKey: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, idempotencyKey, 'rookery idempotency', 32));

/** What makes two requests the same: method, path and the parsed body, whose spacing does not matter. */
export function requestHash(method: string, path: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([method, path, body ?? null]))
    .digest();
}
