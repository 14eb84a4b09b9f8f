import { bytes } from './table.ts';

/** How far long work is. `total` undefined: nobody knows. */
export interface Step {
  /** What is being worked at: `INBOX`, `backup of volume-1`. */
  readonly what: string;
  readonly done: number;
  readonly total?: number;
  readonly unit: 'bytes' | 'messages';
}

/** One way for every long command to say how far it is: beside its output, never in it. */
export interface Progress {
  /** A sentence of its own. */
  say(line: string): void;
  /** `line`: what is said where nothing can be drawn; by default nothing. */
  show(step: Step, line?: string): void;
  /** Takes away what was drawn. */
  end(): void;
}

/** To a file, a pipe or a log: lines. */
export const progressLines = (print: (line: string) => void): Progress => ({
  say: print,
  show: (_, line) => {
    if (line !== undefined) print(line);
  },
  end: () => {},
});

export interface Screen {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
}

const DRAW_EVERY_MS = 100;
/** What the rate is of: long enough to be calm, short enough to notice a change. */
const RATE_OF_MS = 10_000;
const BAR_COLUMNS = 24;
const CLEAR_LINE = '\r\x1b[K';

/** On a terminal: one line that is drawn over itself, with bar, rate and time left. */
export class ProgressBar implements Progress {
  private drawnAt = -Infinity;
  private drawn = false;
  private samples: { readonly at: number; readonly done: number }[] = [];
  private what = '';

  constructor(private readonly screen: Screen) {}

  say(line: string): void {
    this.end();
    this.screen.write(`${line}\n`);
  }

  show(step: Step): void {
    const now = this.screen.now();
    const last = this.samples.at(-1);
    // Other work, or the same from its start: another rate.
    if (step.what !== this.what || (last && step.done < last.done)) this.samples = [];
    this.what = step.what;
    this.samples.push({ at: now, done: step.done });
    while (this.samples.length > 2 && (this.samples[1]?.at ?? now) < now - RATE_OF_MS) this.samples.shift();
    if (now - this.drawnAt < DRAW_EVERY_MS && step.done !== step.total) return;
    this.drawnAt = now;
    this.drawn = true;
    this.screen.write(CLEAR_LINE + this.line(step).slice(0, Math.max(10, this.screen.columns() - 1)));
  }

  end(): void {
    if (this.drawn) this.screen.write(CLEAR_LINE);
    this.drawn = false;
    this.drawnAt = -Infinity;
  }

  private line({ what, done, total, unit }: Step): string {
    const amount = (value: number): string => (unit === 'bytes' ? bytes(Math.round(value)) : String(Math.round(value)));
    const rate = this.rate();
    const speed = rate > 0 ? `  ${amount(rate)}/s` : '';
    if (total === undefined || total <= 0) return `${what}  ${amount(done)}${speed}`;
    const share = Math.min(1, done / total);
    const full = Math.round(share * BAR_COLUMNS);
    const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}`;
    const left = rate > 0 && done < total ? `  ${timeOf((total - done) / rate)} left` : '';
    return `${what}  ${bar} ${Math.floor(share * 100)} %  ${amount(done)} of ${amount(total)}${speed}${left}`;
  }

  /** A second. */
  private rate(): number {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (!first || !last || last.at <= first.at) return 0;
    return ((last.done - first.done) * 1_000) / (last.at - first.at);
  }
}

/** `45 s`, `3 min`, `2.5 h`. */
function timeOf(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}
