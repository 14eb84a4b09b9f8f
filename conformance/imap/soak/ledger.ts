import { expandSequenceSet } from '#protocol/imap';
import type { ImapAnswer } from '#testing';

/** What all clients together have been promised of the mailbox: what went in and what may have gone. */
export class Ledger {
  /** Messages that moved to Trash. */
  moved = 0;
  private tokens = 0;
  /** What stands in each message that was acknowledged, by uid. */
  private readonly promised = new Map<number, string>();
  /** Uids that somebody flagged \Deleted, moved or replaced: these may be gone, and no others. */
  private readonly mayBeGone = new Set<number>();

  /** A text no other message has. */
  newToken(): string {
    return `token-${++this.tokens}.`;
  }

  appended(answer: ImapAnswer, token: string): void {
    const uid = Number(/\[APPENDUID \d+ (\d+)\]/.exec([answer.tagged, ...answer.untagged].join('\n'))?.[1]);
    if (answer.tagged.startsWith('OK')) this.promised.set(uid, token);
  }

  copied(answer: ImapAnswer): void {
    const [sources, targets] = copyUid(answer);
    for (const [i, source] of sources.entries()) {
      this.promised.set(targets[i]!, this.promised.get(source) ?? '');
      // A copy has the flags of its source, \Deleted too.
      if (this.mayBeGone.has(source)) this.mayBeGone.add(targets[i]!);
    }
  }

  movedAway(answer: ImapAnswer): void {
    const [sources] = copyUid(answer);
    this.moved += sources.length;
    this.mayGo(sources);
  }

  mayGo(uids: Iterable<number>): void {
    for (const uid of uids) this.mayBeGone.add(uid);
  }

  /** What is wrong with what is there: uid → text. */
  problems(present: ReadonlyMap<number, string>): string[] {
    const problems: string[] = [];
    for (const [uid, token] of this.promised) {
      if (present.has(uid)) continue;
      if (!this.mayBeGone.has(uid)) problems.push(`message ${uid}, ${token}, was acknowledged and is lost`);
      this.promised.delete(uid);
      this.mayBeGone.delete(uid);
    }
    for (const [uid, text] of present) {
      const token = this.promised.get(uid);
      if (token === undefined) problems.push(`message ${uid} is there and nobody put it there`);
      else if (!text.includes(token)) problems.push(`message ${uid} is not what was put there`);
    }
    return problems;
  }
}

function copyUid({ tagged, untagged }: ImapAnswer): readonly [sources: number[], targets: number[]] {
  const code = /\[COPYUID \d+ ([\d:,]+) ([\d:,]+)\]/.exec([tagged, ...untagged].join('\n'));
  return code ? [expandSequenceSet(code[1]!), expandSequenceSet(code[2]!)] : [[], []];
}
