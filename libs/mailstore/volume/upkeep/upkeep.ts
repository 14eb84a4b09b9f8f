import { MailStoreError } from '#mailstore/api';
import type { Clock, Logger, Timer } from '#stdx';
import type { UpkeepJob } from './job.ts';
import type { Throttle } from './throttle.ts';

/** Runs the volume's background jobs, one after the other, every now and then. */
export class Upkeep {
  private readonly timer: Timer;
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly jobs: Readonly<Record<string, UpkeepJob>>,
    private readonly throttle: Throttle,
    intervalMs: number,
    clock: Clock,
    private readonly logger: Logger,
  ) {
    this.timer = clock.every(intervalMs, () => void this.wake());
  }

  /** Does what there is to do now, unless it is doing so; resolves when it is done. */
  wake(): Promise<void> {
    if (this.stopped) return Promise.resolve();
    this.running ??= this.runAll().finally(() => (this.running = undefined));
    return this.running;
  }

  /** Resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.timer.cancel();
    this.throttle.end();
    await this.running;
  }

  private async runAll(): Promise<void> {
    for (const [name, job] of Object.entries(this.jobs)) {
      if (this.stopped) return;
      try {
        await job.run(() => this.stopped);
      } catch (error) {
        const isEnd = error instanceof MailStoreError && error.code === 'unavailable';
        if (!isEnd) this.logger.warn({ error, job: name }, 'upkeep broke off; it is tried again later');
      }
    }
  }
}
