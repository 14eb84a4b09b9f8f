import type { MessageFilter, Uid, UidRange } from '#mailstore/api';
import { DAY_MS, dayOfDateField, resolveSequenceSet, type SearchKey, type SequenceSet } from '#protocol/imap';
import { unpackEnvelope } from '#protocol/message';
import { present, unreachable } from '#stdx';
import type { CommandSession } from '../command.ts';
import { UidRequiredError } from '../errors.ts';
import { keywordOf } from '../keywords.ts';
import { emailObjectId, internalDateOf } from '../object-ids.ts';
import { readMessages } from '../read-messages.ts';

/** A search program as the store's filter. Sequence numbers become uids of this session's view. */
export async function filterOf(session: CommandSession, key: SearchKey): Promise<MessageFilter> {
  switch (key.kind) {
    case 'all':
      return { kind: 'all' };
    case 'and':
    case 'or': {
      const of: MessageFilter[] = [];
      for (const each of key.of) of.push(await filterOf(session, each));
      return { kind: key.kind, of };
    }
    case 'not':
      return { kind: 'not', of: await filterOf(session, key.of) };
    case 'sequence':
      // RFC 9586 §3.1.
      if (key.set !== '$' && session.enabled.has('UIDONLY')) throw new UidRequiredError();
      return { kind: 'uids', ranges: sequenceRanges(session, key.set) };
    case 'uid':
      return { kind: 'uids', ranges: session.resolve(key.set, true).ranges };
    case 'flag':
      return negatedUnless(key.set, { kind: 'keyword', keyword: keywordOf(key.flag) });
    case 'recent':
      return negatedUnless(key.set, { kind: 'uids', ranges: session.view.recentRanges() });
    case 'larger':
      return { kind: 'sizeOver', bytes: key.bytes };
    case 'smaller':
      return { kind: 'sizeUnder', bytes: key.bytes };
    case 'date':
      return dateFilter(session, key);
    case 'younger':
      return { kind: 'date', field: 'internalDate', from: session.clock.now() - key.seconds * 1000 };
    case 'older':
      return { kind: 'date', field: 'internalDate', to: session.clock.now() - key.seconds * 1000 };
    case 'modSeq':
      return { kind: 'modSeqFrom', modSeq: key.modSeq };
    case 'header':
    case 'body':
    case 'text':
      return key;
    case 'saveDateSupported':
      return { kind: 'all' };
    case 'emailId':
    case 'threadId':
      return idFilter(session, key);
    default:
      return unreachable(key);
  }
}

const negatedUnless = (set: boolean, filter: MessageFilter): MessageFilter =>
  set ? filter : { kind: 'not', of: filter };

/** Numbers beyond the mailbox match nothing: clients search `1:*` in empty mailboxes. */
function sequenceRanges(session: CommandSession, set: SequenceSet): readonly UidRange[] {
  const { view } = session;
  if (set === '$') return session.resolve('$', false).ranges;
  if (view.exists === 0) return [];
  return resolveSequenceSet(set, view.exists)
    .filter(({ first }) => first <= view.exists)
    .map(({ first, last }) => ({
      first: view.uidAt(first - 1),
      last: view.uidAt(Math.min(last, view.exists) - 1),
    }));
}

type IdKey = Extract<SearchKey, { kind: 'emailId' | 'threadId' }>;

/** RFC 8474 §5.3. The store does not look for these itself: all that may have them are looked at, of an EMAILID few. */
async function idFilter(session: CommandSession, { kind, id }: IdKey): Promise<MessageFilter> {
  const { store, context, view } = session;
  let ranges: readonly UidRange[] = view.all().ranges;
  if (kind === 'emailId') {
    const date = internalDateOf(id);
    if (date === null) return { kind: 'uids', ranges: [] };
    const filter = { kind: 'date', field: 'internalDate', from: date, to: date + 1 } as const;
    ranges = rangesOfUids((await store.search(context, view.ref, filter)).uids);
  }
  const found: Uid[] = [];
  for await (const batch of store.messages(context, view.ref, ranges, {}))
    for (const message of batch)
      if ((kind === 'emailId' ? emailObjectId(message) : message.threadId) === id) found.push(message.uid);
  return { kind: 'uids', ranges: rangesOfUids(found) };
}

const rangesOfUids = (uids: readonly Uid[]): UidRange[] => uids.map((uid) => ({ first: uid, last: uid }));

type DateKey = Extract<SearchKey, { kind: 'date' }>;

/** Days are UTC days, as INTERNALDATE is told in UTC. */
function dateFilter(
  session: CommandSession,
  { field, relation, day }: DateKey,
): MessageFilter | Promise<MessageFilter> {
  if (field === 'sentDate') return sentFilter(session, relation, day);
  return { kind: 'date', field, ...interval(relation, day) };
}

function interval(relation: DateKey['relation'], day: number): { from?: number; to?: number } {
  switch (relation) {
    case 'before':
      return { to: day };
    case 'on':
      return { from: day, to: day + DAY_MS };
    case 'since':
      return { from: day };
    default:
      return unreachable(relation);
  }
}

/** Clocks stand up to 14 hours before UTC and 12 behind it. */
const ZONE_MS_MAX = 14 * 3_600_000;

/**
 * SENTBEFORE, SENTON and SENTSINCE disregard time and zone of the Date field (RFC 9051 §6.4.4), while the store compares
 * instants. Far from the day's edges both say the same; messages near an edge are decided by their own Date text.
 */
async function sentFilter(session: CommandSession, relation: DateKey['relation'], day: number): Promise<MessageFilter> {
  const { from, to } = interval(relation, day);
  const edges = [from, to].filter((edge) => edge !== undefined);
  const near: MessageFilter[] = edges.map((edge) => ({
    kind: 'date',
    field: 'sentAt',
    from: edge - ZONE_MS_MAX,
    to: edge + ZONE_MS_MAX,
  }));
  const { store, context, view } = session;
  const { uids } = await store.search(context, view.ref, { kind: 'or', of: near });
  const decided: UidRange[] = [];
  for await (const batch of readMessages(session, uids, { envelope: true }))
    for (const { uid, envelope, internalDate } of batch) {
      const { date } = unpackEnvelope(present(envelope, 'envelope asked for'));
      const sent = dayOfDateField(date ?? '') ?? Math.floor(internalDate / DAY_MS) * DAY_MS;
      if (sent >= (from ?? -Infinity) && sent < (to ?? Infinity)) decided.push({ first: uid, last: uid });
    }
  const sure: MessageFilter = {
    kind: 'and',
    of: [
      { kind: 'date', field: 'sentAt', ...interval(relation, day) },
      { kind: 'not', of: { kind: 'or', of: near } },
    ],
  };
  return { kind: 'or', of: [sure, { kind: 'uids', ranges: decided }] };
}
