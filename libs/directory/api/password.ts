import { type Argon2Parameters, argon2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Random } from '#stdx';

/** Cost of one Argon2id hash (RFC 9106 §3.1). */
export interface PasswordCost {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  /** Of the SCRAM keys kept beside the hash; default `SCRAM_ITERATIONS`. */
  readonly scramIterations?: number;
}

/** OWASP Password Storage Cheat Sheet: m=19456 (19 MiB), t=2, p=1; within RFC 9106 §4 for a server that hashes many at once. */
export const DEFAULT_PASSWORD_COST: PasswordCost = { memoryKiB: 19_456, passes: 2, lanes: 1 };

/** A verifier may come from elsewhere; one dearer than this is refused instead of worked out. */
const COST_MAX: PasswordCost = { memoryKiB: 1 << 20, passes: 64, lanes: 16 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** NIST SP 800-63B §5.1.1.2: 8 characters at least, 64 at least allowed; the octets bound what a request can cost. */
export const PASSWORD_CHARACTERS_MIN = 8;
export const PASSWORD_OCTETS_MAX = 1_024;

const derive = promisify((parameters: Argon2Parameters, done: (error: Error | null, tag: Buffer) => void) =>
  argon2('argon2id', parameters, done),
);

/** Argon2id verifier of a password in PHC string format: `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. Works on a thread of libuv's pool. */
export async function hashPassword(
  password: string,
  random: Pick<Random, 'bytes'>,
  cost: PasswordCost = DEFAULT_PASSWORD_COST,
): Promise<string> {
  const salt = random.bytes(SALT_BYTES);
  const tag = await tagOf(password, salt, cost, TAG_BYTES);
  const { memoryKiB, passes, lanes } = cost;
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${lanes}$${base64(salt)}$${base64(tag)}`;
}

/** Whether the password is the verifier's, in constant time; `false` for a verifier that is not Argon2id or costs too much. */
export async function verifyPassword(verifier: string, password: string): Promise<boolean> {
  const parsed = parseVerifier(verifier);
  if (!parsed || Buffer.byteLength(password) > PASSWORD_OCTETS_MAX) return false;
  return timingSafeEqual(await tagOf(password, parsed.salt, parsed.cost, parsed.tag.length), parsed.tag);
}

/** Whether a verifier was made at another cost than the present one: hash again at the next sign-in. */
export function needsRehash(verifier: string, cost: PasswordCost = DEFAULT_PASSWORD_COST): boolean {
  const made = parseVerifier(verifier)?.cost;
  return made?.memoryKiB !== cost.memoryKiB || made.passes !== cost.passes || made.lanes !== cost.lanes;
}

interface Verifier {
  readonly cost: PasswordCost;
  readonly salt: Buffer;
  readonly tag: Buffer;
}

const PHC = /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,5}),p=(\d{1,5})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{16,86})$/;

function parseVerifier(text: string): Verifier | undefined {
  const match = PHC.exec(text);
  if (!match) return undefined;
  const [memoryKiB, passes, lanes] = match.slice(1, 4).map(Number) as [number, number, number];
  // RFC 9106 §3.1: at least 8 KiB a lane, one pass, one lane.
  if (lanes < 1 || passes < 1 || memoryKiB < 8 * lanes) return undefined;
  if (memoryKiB > COST_MAX.memoryKiB || passes > COST_MAX.passes || lanes > COST_MAX.lanes) return undefined;
  const [salt, tag] = match.slice(4).map((part) => Buffer.from(part, 'base64')) as [Buffer, Buffer];
  return { cost: { memoryKiB, passes, lanes }, salt, tag };
}

function tagOf(password: string, salt: Uint8Array, cost: PasswordCost, tagLength: number): Promise<Buffer> {
  return derive({
    message: prepare(password),
    nonce: salt,
    memory: cost.memoryKiB,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength,
  });
}

/** OpaqueString of RFC 8265 §4.2.2, so that the same password typed on two keyboards is the same: spaces to U+0020, then NFC. */
const prepare = (password: string): string => password.replace(/\p{Zs}/gu, ' ').normalize('NFC');

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
