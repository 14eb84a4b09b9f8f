import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Random } from '#stdx';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The seal does not open: another key, another subject, or altered bytes. */
export class SealError extends Error {
  override readonly name = 'SealError';
}

/** What the control plane keeps secrets under in its database: AES-256-GCM, bound to what they are for. */
export class SealKey {
  /** 32 bytes. */
  constructor(private readonly key: Uint8Array) {}

  seal(secret: string, subject: string, random: Pick<Random, 'bytes'>): Buffer {
    const iv = random.bytes(IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, iv).setAAD(Buffer.from(subject));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), text]);
  }

  /** Throws `SealError`. */
  open(sealed: Uint8Array, subject: string): string {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, sealed.subarray(0, IV_BYTES));
      decipher.setAAD(Buffer.from(subject)).setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]).toString();
    } catch (error) {
      throw new SealError(`the seal key does not open the secret of ${subject}`, { cause: error });
    }
  }
}
