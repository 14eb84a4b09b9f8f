import type { Clock } from '#stdx';

/** Tells a person what is going on: a line when a step begins, its time when it ends. */
export class Progress {
  constructor(
    private readonly clock: Clock,
    private readonly write: (text: string) => void,
  ) {}

  async step<T>(what: string, work: () => Promise<T>): Promise<T> {
    const started = this.clock.monotonic();
    this.write(`  ${what} …\n`);
    const result = await work();
    this.write(`  ${what}: ${((this.clock.monotonic() - started) / 1000).toFixed(1)} s\n`);
    return result;
  }

  note(text: string): void {
    this.write(`  ${text}\n`);
  }
}
