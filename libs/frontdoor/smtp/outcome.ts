import { isStaleReply, type SmtpReply, smtpReply } from '#protocol/smtp';
import type { RecipientOutcome } from '#relay';
import type { InnerRecipient } from './envelope.ts';

/** Index of one of the envelope's recipients, and why he did not get the message (or one of those he stands for did not). */
export interface FailedRecipient {
  readonly index: number;
  readonly reply: SmtpReply;
}

/**
 * How a transaction ends, in the law that nothing is lost and nothing doubled in silence:
 * - nobody took the message: the client hears why and keeps it. Temporary while it is for one recipient, so that he may
 *   have it yet;
 * - somebody took it: the client hears 250, and the sender of the message gets a bounce for each who did not, temporary or
 *   not. Asking the client to come again would give those who have it a second one.
 * `failed` are those to be bounced; when a bounce cannot be made durable the whole is answered 451 after all: rather
 * twice than not at all.
 */
export type Verdict =
  | { readonly taken: false; readonly reply: SmtpReply }
  | { readonly taken: true; readonly failed: readonly FailedRecipient[] };

const accepted = (reply: SmtpReply): boolean => reply.code < 400;
const temporary = (reply: SmtpReply): boolean => reply.code >= 400 && reply.code < 500;
const LOCAL_ERROR = smtpReply(451, '4.3.0', 'Local error in processing');

const MOVED = smtpReply(451, '4.3.2', 'Mail storage is being moved; try again shortly');

/** What became of one inner recipient. Which volume is where is nobody's business outside. */
function replyTo({ rcpt, final }: RecipientOutcome): SmtpReply {
  const reply = accepted(rcpt) ? (final ?? LOCAL_ERROR) : rcpt;
  return isStaleReply(reply) ? MOVED : reply;
}

/** The verdict on those of the envelope's recipients that `about` names: all of them for SMTP, one at a time for LMTP. */
export function verdictOn(
  about: ReadonlySet<number>,
  inner: readonly InnerRecipient[],
  outcomes: readonly RecipientOutcome[],
): Verdict {
  const failed: FailedRecipient[] = [];
  let taken = false;
  inner.forEach(({ of }, at) => {
    const reply = replyTo(outcomes[at] ?? { rcpt: LOCAL_ERROR, final: null });
    for (const index of of) {
      if (!about.has(index)) continue;
      if (accepted(reply)) taken = true;
      else failed.push({ index, reply });
    }
  });
  if (taken || failed.length === 0) return { taken: true, failed };
  const first = failed.find(({ reply }) => temporary(reply)) ?? failed[0]!;
  return { taken: false, reply: first.reply };
}
