import type { Timer } from '#stdx';
import type { CommandSession } from './command.ts';

/**
 * While a command is at work, tells its client from time to time that it is, and how far where the command says so. RFC 9585. Never
 * in the middle of a response. Call `stop` when the command is done.
 */
export class ProgressReport {
  private timer: Timer;

  constructor(
    private readonly session: CommandSession,
    private readonly tag: string,
  ) {
    session.progress = null;
    this.timer = this.arm();
  }

  stop(): void {
    this.timer.cancel();
  }

  private arm(): Timer {
    return this.session.clock.after(this.session.limits.progressMs, () => {
      this.tell();
      this.timer = this.arm();
    });
  }

  private tell(): void {
    const { out, progress } = this.session;
    if (!out.isWhole) return;
    // A `]` would end the response code.
    const tag = this.tag.includes(']') ? 'NIL' : `"${this.tag}"`;
    const far = progress ? `${progress.done} ${progress.goal}` : 'NIL NIL';
    out.untagged(`OK [INPROGRESS (${tag} ${far})] Still at it`);
    out.flush();
  }
}
