import { z } from 'zod';

/** What an operator carries to a new member: where to knock, whom to believe, and what to say there, once. */
export interface JoinToken {
  readonly clusterId: string;
  readonly role: 'hub' | 'node';
  /** The control plane's join door. */
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the cluster's authority: by it the newcomer knows the cluster. */
  readonly fingerprint: string;
  /** By it the cluster knows the newcomer. */
  readonly secret: string;
}

/** The text is no join token. */
export class JoinTokenError extends Error {
  override readonly name = 'JoinTokenError';
}

const PREFIX = 'rookery-join-1.';
const TOKEN_CHARS_MAX = 2_000;

const schema = z.tuple([
  z.string().regex(/^[\w-]{1,63}$/),
  z.enum(['hub', 'node']),
  z.string().min(1).max(255),
  z.int().min(1).max(65_535),
  z.string().regex(/^[0-9a-f]{64}$/),
  z.string().regex(/^[\w-]{43}$/),
]);

export function encodeJoinToken({ clusterId, role, host, port, fingerprint, secret }: JoinToken): string {
  const said = JSON.stringify([clusterId, role, host, port, fingerprint, secret]);
  return PREFIX + Buffer.from(said).toString('base64url');
}

/** Throws `JoinTokenError`. */
export function decodeJoinToken(text: string): JoinToken {
  if (!text.startsWith(PREFIX) || text.length > TOKEN_CHARS_MAX) throw new JoinTokenError('this is no join token');
  try {
    const said: unknown = JSON.parse(Buffer.from(text.slice(PREFIX.length), 'base64url').toString());
    const [clusterId, role, host, port, fingerprint, secret] = schema.parse(said);
    return { clusterId, role, host, port, fingerprint, secret };
  } catch {
    throw new JoinTokenError('the join token is damaged');
  }
}
