import {
  MailStoreError,
  type MessageFlags,
  type MessageSummary,
  type StoredMessage,
  type Uid,
  type UidRange,
} from '#mailstore/api';
import type { CommandSession } from '../command.ts';
import { ImapRefusal } from '../errors.ts';
import { formatFlags } from '../keywords.ts';
import { fetchOpening } from '../sync.ts';
import type { Piece } from './piece.ts';
import type { FetchPlan } from './plan.ts';
import { ReadAhead } from './read-ahead.ts';
import { SequenceWalk } from './sequence-walk.ts';

export interface FetchOutcome {
  readonly sent: number;
  /** Why a message was left out: its bytes could not be read, or its encoding not be undone. */
  readonly failure: Error | null;
}

/** Answers from what lists show. */
export async function fetchListing(
  session: CommandSession,
  plan: FetchPlan,
  ranges: readonly UidRange[],
): Promise<FetchOutcome> {
  const { store, context, view, out } = session;
  const renderers = plan.listing ?? [];
  const walk = new SequenceWalk(view);
  const flagsOf = flagRenderer(session);
  const modSeq = plan.hasFlags && session.enabled.has('CONDSTORE') && !plan.hasModSeq;
  let sent = 0;
  for await (const batch of store.listing(context, view.ref, ranges, plan.fields)) {
    for (const message of batch) {
      const sequence = walk.sequenceOf(message.uid);
      if (sequence === 0) continue;
      const flags = flagsOf(message);
      let text = `* ${fetchOpening(session, message.uid, sequence, false)}`;
      for (let i = 0; i < renderers.length; i++) text += `${i > 0 ? ' ' : ''}${renderers[i]!(message, flags)}`;
      out.raw(modSeq ? `${text} MODSEQ (${message.modSeq}))\r\n` : `${text})\r\n`);
      if (plan.hasFlags) noteTold(session, message);
      sent++;
    }
    await out.drained();
  }
  return { sent, failure: null };
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
  for await (const batch of store.messages(context, view.ref, ranges, plan.fields)) {
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
  const ahead = new ReadAhead(session, plan, messages);
  const failed: Error[] = [];
  try {
    for (const stored of messages) {
      const now = seen.get(stored.uid);
      const message = now ? { ...stored, keywords: now.keywords, modSeq: now.modSeq } : stored;
      const opened = await ahead.next();
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
    // There are some only where the answer broke off.
    ahead.abandon();
  }
  return failed;
}

/** Damaged bytes and unknown encodings cost their message, not the others. */
const isOfOneMessage = (error: Error): boolean =>
  error instanceof ImapRefusal || (error instanceof MailStoreError && error.code === 'corrupt');

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

function noteTold(session: CommandSession, { uid, modSeq }: MessageFlags): void {
  if (modSeq > session.view.flagsToldTo) session.toldFlags(uid, modSeq);
}

function flagRenderer(session: CommandSession): (message: MessageFlags) => string {
  const { view } = session;
  if (session.enabled.has('IMAP4REV2')) return ({ keywords }) => formatFlags(keywords, false);
  return ({ keywords, uid }) => formatFlags(keywords, view.isRecent(uid));
}
