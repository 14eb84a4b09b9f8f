import type { ChangedMessage, KeywordChange, Uid, UidRange } from '#mailstore/api';
import { formatSequenceSet, parseStore, type StoreArguments } from '#protocol/imap';
import type { CommandSession, ImapCommand, Reply } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { keywordsOf } from '../keywords.ts';
import { fetchOpening, tellMessageFlags } from '../sync.ts';
import type { Selection } from '../view.ts';

/** RFC 9051 §6.4.6; UNCHANGEDSINCE, RFC 7162 §3.1.3. */
export const store: ImapCommand<StoreArguments> = {
  name: 'STORE',
  states: ['selected'],
  usesSequences: true,
  breaksSequences: false,
  rfc: 'RFC 9051 §6.4.6',
  parse: parseStore,
  run: (session, args, reply) => run(session, args, reply, false),
};

export const uidStore: ImapCommand<StoreArguments> = {
  ...store,
  name: 'UID STORE',
  usesSequences: false,
  breaksSequences: true,
  rfc: 'RFC 9051 §6.4.9',
  run: (session, args, reply) => run(session, args, reply, true),
};

async function run(session: CommandSession, args: StoreArguments, reply: Reply, uid: boolean): Promise<void> {
  session.assertWritable();
  if (args.unchangedSince !== null) session.enable('CONDSTORE');
  const change: KeywordChange = {
    mode: args.mode,
    keywords: keywordsOf(args.flags),
    ...(args.unchangedSince === null ? {} : { unchangedSince: args.unchangedSince }),
  };
  const selection = session.resolve(args.messages, uid);
  const modified: Uid[] = [];
  let found = 0;
  for (const ranges of batches(session, selection)) {
    const result = await session.store.setKeywords(session.context, session.view.ref, ranges, change);
    session.touched();
    found += result.changed.length + result.modified.length;
    session.progress = { done: found, goal: selection.count };
    for (const each of result.modified) modified.push(each);
    answer(session, args.silent, result.changed);
    await session.out.drained();
  }
  finish(session, reply, uid, modified, selection.count - found);
}

/**
 * Tells the flags as they are now, or takes note that the client knows them. A client that asked for silence knows a message's
 * flags only if it had been told of everything before its own change; else it is told, with this change in it.
 */
function answer(session: CommandSession, silent: boolean, changed: readonly ChangedMessage[]): void {
  const { view } = session;
  const condstore = session.enabled.has('CONDSTORE');
  for (const message of changed) {
    const sequence = view.sequenceOf(message.uid);
    if (sequence === 0) continue;
    if (!silent || !session.knowsFlags(message.uid, message.previousModSeq))
      tellMessageFlags(session, view, sequence, message);
    // RFC 7162 §3.1.3: silence covers flags, not the new MODSEQ.
    else if (condstore)
      session.out.untagged(`${fetchOpening(session, message.uid, sequence, true)}MODSEQ (${message.modSeq}))`);
    session.toldFlags(message.uid, message.modSeq);
  }
}

function finish(session: CommandSession, reply: Reply, uid: boolean, modified: readonly Uid[], missing: number): void {
  const name = uid ? 'UID STORE' : 'STORE';
  if (modified.length > 0) {
    const numbers = uid ? modified : modified.map((each) => session.view.sequenceOf(each));
    // RFC 7162 §3.1.3: OK, as the others were changed.
    reply.ok(`${name} completed, some had changed`, `MODIFIED ${formatSequenceSet(numbers)}`);
    return;
  }
  // RFC 2180 §4.2.1: messages gone, but not yet told so, by number.
  if (missing > 0 && !uid) throw new ImapRefusal('EXPUNGEISSUED', 'Some of these messages are gone');
  reply.ok(`${name} completed`);
}

/** Ranges of at most `storeBatchMessages` together, so that other clients' commits get in between. */
function* batches(session: CommandSession, { indexes }: Selection): Iterable<UidRange[]> {
  const { view, limits } = session;
  let batch: UidRange[] = [];
  let room = limits.storeBatchMessages;
  for (const { first, last } of indexes)
    for (let from = first; from <= last; ) {
      const to = Math.min(last, from + room - 1);
      batch.push({ first: view.uidAt(from), last: view.uidAt(to) });
      room -= to - from + 1;
      from = to + 1;
      if (room > 0) continue;
      yield batch;
      batch = [];
      room = limits.storeBatchMessages;
    }
  if (batch.length > 0) yield batch;
}
