import { MailStoreError, type MessageSummary, type StoredMessage, type Uid, type UidRange } from '#mailstore/api';
import type { CommandSession } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { formatFlags } from '../keywords.ts';
import { fetchOpening } from '../sync.ts';
import type { MailboxView } from '../view.ts';
import { closePiece, type Piece } from './piece.ts';
import { openPiece } from './pieces.ts';
import { type FetchPlan, renderText } from './plan.ts';

export interface FetchOutcome {
  readonly sent: number;
  /** Why a message was left out: its bytes could not be read, or its encoding not be undone. */
  readonly failure: Error | null;
}

/** Messages whose sections are read ahead of the one being sent. */
const READ_AHEAD = 8;

/** Answers from summaries alone: FLAGS, UID, MODSEQ. */
export async function fetchSummaries(
  session: CommandSession,
  plan: FetchPlan,
  ranges: readonly UidRange[],
): Promise<FetchOutcome> {
  const { store, context, view, out } = session;
  let sent = 0;
  for await (const batch of store.summaries(context, view.ref, ranges)) {
    sent += tellBatch(session, plan, batch);
    await out.drained();
  }
  return { sent, failure: null };
}

/** The same for summaries already at hand. */
export async function tellSummaries(
  session: CommandSession,
  plan: FetchPlan,
  summaries: readonly MessageSummary[],
): Promise<FetchOutcome> {
  let sent = 0;
  for (let at = 0; at < summaries.length; at += 1_000) {
    sent += tellBatch(session, plan, summaries.slice(at, at + 1_000));
    await session.out.drained();
  }
  return { sent, failure: null };
}

function tellBatch(session: CommandSession, plan: FetchPlan, batch: readonly MessageSummary[]): number {
  const { view, out } = session;
  const walk = new SequenceWalk(view);
  const flagsOf = flagRenderer(session);
  const modSeq = plan.hasFlags && session.enabled.has('CONDSTORE') && !plan.hasModSeq;
  let sent = 0;
  for (const message of batch) {
    const sequence = walk.sequenceOf(message.uid);
    if (sequence === 0) continue;
    const extra = modSeq ? ` MODSEQ (${message.modSeq})` : '';
    const opening = fetchOpening(session, message.uid, sequence, false);
    out.raw(`* ${opening}${renderText(plan, message, flagsOf(message))}${extra})\r\n`);
    if (plan.hasFlags) noteTold(session, message);
    sent++;
  }
  return sent;
}

/** Answers that need stored messages, and perhaps their bytes. */
export async function fetchMessages(
  session: CommandSession,
  plan: FetchPlan,
  ranges: readonly UidRange[],
): Promise<FetchOutcome> {
  const { store, context, view } = session;
  let sent = 0;
  let failure: Error | null = null;
  for await (const batch of store.messages(context, view.ref, ranges, plan.fields ?? {})) {
    const seen =
      plan.setsSeen && !view.readOnly && view.rights.includes('s') ? await setSeen(session, batch) : NOTHING_SEEN;
    const known = batch.filter(({ uid }) => view.sequenceOf(uid) > 0);
    const failed = await tellMessages(session, plan, known, seen);
    sent += known.length - failed.length;
    failure ??= failed[0] ?? null;
  }
  return { sent, failure };
}

async function tellMessages(
  session: CommandSession,
  plan: FetchPlan,
  messages: readonly StoredMessage[],
  seen: ReadonlyMap<Uid, MessageSummary>,
): Promise<readonly Error[]> {
  const flagsOf = flagRenderer(session);
  const ahead: Promise<readonly Piece[] | Error>[] = [];
  const failed: Error[] = [];
  try {
    for (let i = 0; i < messages.length; i++) {
      const stored = messages[i]!;
      const now = seen.get(stored.uid);
      const message = now ? { ...stored, keywords: now.keywords, modSeq: now.modSeq } : stored;
      while (plan.hasBytes && ahead.length < READ_AHEAD && i + ahead.length < messages.length)
        ahead.push(openSections(session, plan, messages[i + ahead.length]!));
      const opened = (await ahead.shift()) ?? [];
      if (opened instanceof Error) {
        if (!isOfOneMessage(opened)) throw opened;
        failed.push(opened);
        if (opened instanceof MailStoreError)
          session.logger.error({ err: opened, uid: stored.uid, blobId: stored.blobId }, 'message unreadable');
        continue;
      }
      await tellMessage(session, plan, message, flagsOf(message), opened, now !== undefined);
      await session.out.drained();
    }
  } finally {
    // Left only where the answer broke off: nobody will read them.
    for (const pieces of ahead) void pieces.then(closePieces);
  }
  return failed;
}

async function closePieces(opened: readonly Piece[] | Error): Promise<void> {
  if (!(opened instanceof Error)) await Promise.all(opened.map(closePiece));
}

/** Damaged bytes and unknown encodings cost their message, not the others. */
const isOfOneMessage = (error: Error): boolean =>
  error instanceof ImapRefusal || (error instanceof MailStoreError && error.code === 'corrupt');

/** Errors are handed on as values: a read that nobody awaits yet must not end the process. */
function openSections(
  { store }: CommandSession,
  plan: FetchPlan,
  message: StoredMessage,
): Promise<readonly Piece[] | Error> {
  return Promise.all(
    plan.steps.filter((step) => step.kind === 'bytes').map((step) => openPiece(store, message, step.item)),
  ).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))));
}

async function tellMessage(
  session: CommandSession,
  plan: FetchPlan,
  message: StoredMessage,
  flags: string,
  pieces: readonly Piece[],
  seenNow: boolean,
): Promise<void> {
  const { view, out, enabled } = session;
  let text = `* ${fetchOpening(session, message.uid, view.sequenceOf(message.uid), false)}`;
  let first = true;
  let nextPiece = 0;
  for (const step of plan.steps) {
    if (!first) text += ' ';
    first = false;
    if (step.kind === 'text') {
      text += step.render(message, flags);
      continue;
    }
    const piece = pieces[nextPiece++] ?? null;
    if (piece === null) {
      text += `${step.name} NIL`;
      continue;
    }
    if (piece.kind === 'number') {
      text += `${step.name} ${piece.value}`;
      continue;
    }
    const size = piece.kind === 'bytes' ? piece.bytes.length : piece.size;
    out.raw(`${text}${step.name} ${piece.binary ? '~' : ''}{${size}}\r\n`);
    out.isWhole = false;
    text = '';
    if (piece.kind === 'bytes') out.bytes(piece.bytes);
    else await stream(session, piece);
  }
  // RFC 9051 §6.4.5: a \Seen that this FETCH has set is told with it.
  if (seenNow && !plan.hasFlags) text += ` FLAGS (${flags})`;
  if ((seenNow || plan.hasFlags) && enabled.has('CONDSTORE') && !plan.hasModSeq) text += ` MODSEQ (${message.modSeq})`;
  out.raw(`${text})\r\n`);
  out.isWhole = true;
  if (seenNow || plan.hasFlags) noteTold(session, message);
}

/** Sends chunk by chunk as fast as the client takes them. The size is promised, so a failure ends the connection. */
async function stream(session: CommandSession, piece: Extract<Piece, { kind: 'stream' }>): Promise<void> {
  const { out } = session;
  let left = piece.size;
  try {
    for await (const chunk of piece.chunks) {
      left -= chunk.length;
      out.bytes(chunk);
      await out.drained();
    }
  } catch (error) {
    session.breakOff(error);
  }
  if (left !== 0) session.breakOff(new Error(`stored message is ${left} bytes short`));
}

const NOTHING_SEEN: ReadonlyMap<Uid, MessageSummary> = new Map();

/** Sets \Seen on those without it, in one commit. Where the storage has no room, reading must still work. */
async function setSeen(
  session: CommandSession,
  batch: readonly StoredMessage[],
): Promise<ReadonlyMap<Uid, MessageSummary>> {
  const unseen = batch.filter(({ keywords }) => !keywords.includes('$seen'));
  if (unseen.length === 0) return NOTHING_SEEN;
  const ranges = unseen.map(({ uid }) => ({ first: uid, last: uid }));
  const { store, context, view } = session;
  try {
    const { changed } = await store.setKeywords(context, view.ref, ranges, { mode: 'add', keywords: ['$seen'] });
    session.touched();
    return new Map(changed.map((summary) => [summary.uid, summary]));
  } catch (error) {
    if (!(error instanceof MailStoreError) || error.code !== 'diskFull') throw error;
    session.logger.warn({ err: error }, 'no room to set \\Seen');
    return NOTHING_SEEN;
  }
}

function noteTold(session: CommandSession, { uid, modSeq }: MessageSummary): void {
  if (modSeq > session.view.flagsToldTo) session.toldFlags(uid, modSeq);
}

function flagRenderer(session: CommandSession): (message: MessageSummary) => string {
  const { view } = session;
  if (session.enabled.has('IMAP4REV2')) return ({ keywords }) => formatFlags(keywords, false);
  return ({ keywords, uid }) => formatFlags(keywords, view.isRecent(uid));
}

/** Sequence numbers of ascending uids, without searching each. */
class SequenceWalk {
  private index = -1;

  constructor(private readonly view: MailboxView) {}

  sequenceOf(uid: Uid): number {
    const { view } = this;
    if (this.index < 0) this.index = view.lowerBound(uid);
    while (this.index < view.exists && view.uidAt(this.index) < uid) this.index++;
    return this.index < view.exists && view.uidAt(this.index) === uid ? this.index + 1 : 0;
  }
}
