import { headerField } from '#protocol/message';
import { HeaderFields } from '../header-fields.ts';

/** Our mark on a redirected message: by whose script. Pigeonhole's name for it, so that either sees the other's loops. */
const MARK = 'X-Sieve-Redirected-From';

/** Bounds of redirecting. */
export interface RedirectLimits {
  /** Scripts that may hand on one message. Default 10. */
  readonly redirectHopsMax: number;
  /** Received fields. Default 50: RFC 5321 §6.3 wants "at least 100" for refusing; a redirect adds mail, so it ends sooner. */
  readonly receivedMax: number;
}

export const REDIRECT_LIMITS: RedirectLimits = { redirectHopsMax: 10, receivedMax: 50 };

/** Why a message is not to be redirected by this owner: it goes in a circle. `null` when it may be. */
export function redirectLoop(header: Buffer, owner: string, limits: RedirectLimits = REDIRECT_LIMITS): string | null {
  const fields = new HeaderFields(header);
  const marks = fields.values(MARK);
  if (marks.some((mark) => mark.toLowerCase() === owner.toLowerCase())) return `redirected by ${owner} before`;
  if (marks.length >= limits.redirectHopsMax) return 'redirected too often';
  return fields.values('received').length > limits.receivedMax ? 'too many hops' : null;
}

/** What goes before a redirected message. */
export const redirectMark = (owner: string): Buffer => Buffer.from(headerField(MARK, owner));
