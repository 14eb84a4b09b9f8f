import type { MessageFlags, UidRange } from '#mailstore/api';
import type { CommandSession } from '../command.ts';
import { formatFlags } from '../keywords.ts';
import type { FetchOutcome } from './answer.ts';
import type { FetchPlan, FlagsItem } from './plan.ts';
import { ResponseBytes } from './response-bytes.ts';
import { SequenceWalk } from './sequence-walk.ts';

/** Lines built between two looks at the connection's back pressure. */
const BATCH = 5_000;

/** Answers from the narrow rows alone: FLAGS, UID, MODSEQ. */
export async function fetchFlags(
  session: CommandSession,
  plan: FetchPlan,
  ranges: readonly UidRange[],
): Promise<FetchOutcome> {
  const { store, context, view, out } = session;
  const lines = new FlagLines(session, plan);
  let sent = 0;
  for await (const batch of store.flags(context, view.ref, ranges)) {
    sent += lines.tell(batch);
    await out.drained();
  }
  return { sent, failure: null };
}

/** The same of messages already at hand. */
export async function tellFlagsOf(
  session: CommandSession,
  plan: FetchPlan,
  messages: readonly MessageFlags[],
): Promise<FetchOutcome> {
  const lines = new FlagLines(session, plan);
  let sent = 0;
  for (let at = 0; at < messages.length; at += BATCH) {
    sent += lines.tell(messages.slice(at, at + BATCH));
    await session.out.drained();
  }
  return { sent, failure: null };
}

const OPENING = Buffer.from('* ');
const FETCH = Buffer.from(' FETCH (');
const UIDFETCH = Buffer.from(' UIDFETCH (');
const SPACE = Buffer.from(' ');
const UID = Buffer.from('UID ');
const MODSEQ = Buffer.from('MODSEQ (');
const CLOSING = Buffer.from(')');
const END = Buffer.from(')\r\n');

/** The lines of one FETCH, its messages ascending. */
class FlagLines {
  private readonly bytes = new ResponseBytes();
  private readonly items: readonly FlagsItem[];
  private readonly numbered: boolean;
  private readonly showsRecent: boolean;
  private readonly flags = new Map<readonly string[], Buffer>();
  private readonly recentFlags = new Map<readonly string[], Buffer>();

  constructor(
    private readonly session: CommandSession,
    private readonly plan: FetchPlan,
  ) {
    const { enabled, view } = session;
    const items = plan.flagsItems ?? [];
    // RFC 7162 §3.1: flags are told with their MODSEQ once CONDSTORE is on.
    this.items = plan.hasFlags && enabled.has('CONDSTORE') && !plan.hasModSeq ? [...items, 'modSeq'] : items;
    this.numbered = !enabled.has('UIDONLY');
    this.showsRecent = !enabled.has('IMAP4REV2') && view.hasRecent;
  }

  /** Tells of those the client knows; returns how many. */
  tell(batch: readonly MessageFlags[]): number {
    const { session, bytes, plan } = this;
    const walk = new SequenceWalk(session.view);
    let sent = 0;
    for (const message of batch) {
      const sequence = walk.sequenceOf(message.uid);
      if (sequence === 0) continue;
      this.line(message, sequence);
      if (plan.hasFlags && message.modSeq > session.view.flagsToldTo) session.toldFlags(message.uid, message.modSeq);
      sent++;
    }
    session.out.bytes(bytes.take());
    return sent;
  }

  private line(message: MessageFlags, sequence: number): void {
    const { bytes, items } = this;
    bytes.add(OPENING);
    bytes.number(this.numbered ? sequence : message.uid);
    bytes.add(this.numbered ? FETCH : UIDFETCH);
    for (let i = 0; i < items.length; i++) {
      if (i > 0) bytes.add(SPACE);
      this.item(items[i]!, message);
    }
    bytes.add(END);
  }

  private item(item: FlagsItem, message: MessageFlags): void {
    const { bytes } = this;
    if (item === 'flags') bytes.add(this.flagsOf(message));
    else if (item === 'uid') {
      bytes.add(UID);
      bytes.number(message.uid);
    } else {
      bytes.add(MODSEQ);
      bytes.number(message.modSeq);
      bytes.add(CLOSING);
    }
  }

  private flagsOf({ keywords, uid }: MessageFlags): Buffer {
    const recent = this.showsRecent && this.session.view.isRecent(uid);
    const known = recent ? this.recentFlags : this.flags;
    let flags = known.get(keywords);
    if (!flags) {
      flags = Buffer.from(`FLAGS (${formatFlags(keywords, recent)})`);
      known.set(keywords, flags);
    }
    return flags;
  }
}
