import { formatReply, type SmtpReply } from '#protocol/smtp';
import type { RecipientOutcome } from '#relay';
import type { AttemptOutcome } from './ports.ts';

/** A server's last word on one recipient. */
export function outcomeOf({ rcpt, final }: RecipientOutcome, remoteMta: string, dsnHandedOn: boolean): AttemptOutcome {
  const reply = final ?? rcpt;
  if (reply.code < 300 && final) return { kind: 'delivered', dsnHandedOn, diagnostic: formatReply(reply), remoteMta };
  return refusalOutcome(reply, remoteMta);
}

/** RFC 5321 §4.2.1: 5xx is for good, anything else but success for now. */
export function refusalOutcome(reply: SmtpReply, remoteMta?: string): AttemptOutcome {
  const permanent = reply.code >= 500;
  const mta = remoteMta === undefined ? {} : { remoteMta };
  return {
    kind: permanent ? 'failed' : 'deferred',
    status: statusOf(reply, permanent),
    diagnostic: formatReply(reply),
    ...mta,
  };
}

/** RFC 3463; where the server gave none, the class alone says enough (RFC 3464 §2.3.4). */
function statusOf(reply: SmtpReply, permanent: boolean): string {
  const digit = permanent ? '5' : '4';
  return reply.enhanced?.startsWith(digit) ? reply.enhanced : `${digit}.0.0`;
}

export const deferredOutcome = (status: string, diagnostic: string, remoteMta?: string): AttemptOutcome => ({
  kind: 'deferred',
  status,
  diagnostic,
  ...(remoteMta === undefined ? {} : { remoteMta }),
});
