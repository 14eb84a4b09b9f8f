import type { MailboxView } from '../view.ts';

/** Sequence numbers of ascending uids, without searching each. */
export class SequenceWalk {
  private index = -1;

  constructor(private readonly view: MailboxView) {}

  sequenceOf(uid: number): number {
    const { view } = this;
    if (this.index < 0) this.index = view.lowerBound(uid);
    while (this.index < view.exists && view.uidAt(this.index) < uid) this.index++;
    return this.index < view.exists && view.uidAt(this.index) === uid ? this.index + 1 : 0;
  }
}
