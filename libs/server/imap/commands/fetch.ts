import type { MailboxChanges, MessageSummary, UidRange } from '#mailstore/api';
import { type FetchArguments, ImapSyntaxError, parseFetch } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import type { FetchOutcome } from '../fetch/answer.ts';
import { tellFlagsOf } from '../fetch/flags-answer.ts';
import { planFetch } from '../fetch/plan.ts';
import { runFetch } from '../fetch/run.ts';
import { stringFormatOf } from '../mailbox-text.ts';
import { rangesOf, tellVanishedEarlier } from '../resync.ts';

/** RFC 9051 §6.4.5; CHANGEDSINCE, RFC 7162 §3.1.4; PARTIAL, RFC 9394 §3.3. */
export const fetch: ImapCommand<FetchArguments> = {
  name: 'FETCH',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: false,
  rfc: 'RFC 9051 §6.4.5',
  parse: parseFetch,
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidFetch: ImapCommand<FetchArguments> = {
  ...fetch,
  name: 'UID FETCH',
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.4.9',
  run: (session, args, reply) => run(session, args, reply, true),
};

async function run(session: CommandSession, args: FetchArguments, reply: Reply, uid: boolean): Promise<void> {
  // RFC 7162 §3.2.6.
  if (args.vanished && !(uid && args.changedSince > 0 && session.enabled.has('QRESYNC')))
    throw new ImapSyntaxError('VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC');
  if (args.changedSince > 0 || args.items.some(({ kind }) => kind === 'modSeq')) session.enable('CONDSTORE');
  const asked = session.resolve(args.messages, uid);
  const selection = args.partial ? session.view.part(asked, args.partial) : asked;
  // RFC 9586 §3.2: the uid is in the response's name then.
  const tellsUid = uid && !session.enabled.has('UIDONLY');
  const plan = planFetch(args.items, { uid: tellsUid, modSeq: args.changedSince > 0, text: stringFormatOf(session) });
  let outcome: FetchOutcome;
  if (args.changedSince > 0) {
    const changes = await session.store.changes(session.context, session.view.ref, args.changedSince);
    if (args.vanished && args.messages !== '$')
      tellVanishedEarlier(session, session.view, changes, rangesOf(args.messages));
    const changed = changedIn(changes, selection.ranges);
    outcome = plan.flagsItems
      ? await tellFlagsOf(session, plan, changed)
      : await runFetch(session, plan, changed.map(rangeOf));
  } else {
    outcome = await runFetch(session, plan, selection.ranges);
    // RFC 2180 §4.1.3: the others are answered, and the client learns of the loss with the next EXPUNGE.
    if (!uid && outcome.sent < selection.count && outcome.failure === null)
      throw new ImapRefusal('EXPUNGEISSUED', 'Some of these messages are gone');
  }
  if (outcome.failure instanceof ImapRefusal) throw outcome.failure;
  if (outcome.failure) throw new ImapRefusal('SERVERBUG', 'Some messages could not be read');
  reply.ok(`${uid ? 'UID ' : ''}FETCH completed`);
}

/** Messages of the ranges that changed: the change list spares reading the whole mailbox. */
function changedIn({ changed }: MailboxChanges, ranges: readonly UidRange[]): MessageSummary[] {
  let at = 0;
  return changed.filter(({ uid }) => {
    while (at < ranges.length && ranges[at]!.last < uid) at++;
    return at < ranges.length && ranges[at]!.first <= uid;
  });
}

const rangeOf = ({ uid }: MessageSummary): UidRange => ({ first: uid, last: uid });
