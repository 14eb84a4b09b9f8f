import type { MessageSummary, ModSeq, Uid } from '#mailstore/api';

/**
 * What a STORE .SILENT may keep quiet about. The client knows a message's flags after its own change only if it had been told
 * of all earlier ones: `untold` are messages others had changed before, and `commits` tells of others in the meantime.
 */
export class Silence {
  private readonly own = new Set<ModSeq>();

  constructor(
    private readonly untold: ReadonlySet<Uid>,
    /** The store as of which `untold` is right. */
    private readonly asOf: ModSeq,
    /** ModSeqs of commits to the mailbox as they become known; `null` when too many to keep. */
    private readonly commits: () => readonly ModSeq[] | null,
  ) {}

  /** Notes the commit that made these changes, before asking `covers`. Messages that were so already keep an older modSeq. */
  ownCommit(changed: readonly MessageSummary[]): void {
    let newest = 0;
    for (const { modSeq } of changed) newest = Math.max(newest, modSeq);
    if (newest > this.asOf) this.own.add(newest);
  }

  covers({ uid, modSeq }: MessageSummary): boolean {
    if (this.untold.has(uid)) return false;
    const commits = this.commits();
    return commits !== null && !commits.some((each) => each > this.asOf && each < modSeq && !this.own.has(each));
  }
}
