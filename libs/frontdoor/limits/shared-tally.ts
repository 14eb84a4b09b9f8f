import { z } from 'zod';
import type { Clock } from '#stdx';
import type { Bulletin } from './bulletin.ts';

/** A hub not heard of for this long counts for nothing any more: it is gone, and its connections with it. */
const SILENCE_MS = 30_000;
/** Everything shared is said again this often, for hubs that came later or missed something. */
const REPEAT_MS = 10_000;
/** Changes are gathered this long. */
const GATHER_MS = 500;

export interface TallyOptions {
  readonly topic: string;
  /** Own counts below this are kept to oneself: most addresses have a connection or two. The sum may so be too low by as much for each other hub. */
  readonly sharedFrom: number;
}

/** `all`: what is not named is none. */
const Message = z.object({ all: z.boolean(), counts: z.record(z.string(), z.number().int().min(0)) });

/** Counts by key, summed over the hubs that are heard. */
export class SharedTally {
  private readonly own = new Map<string, number>();
  private readonly others = new Map<string, { readonly counts: Map<string, number>; heardAt: number }>();
  /** Own counts that the others have not been told of as they are now. */
  private readonly changed = new Set<string>();

  constructor(
    private readonly options: TallyOptions,
    private readonly bulletin: Bulletin,
    private readonly clock: Pick<Clock, 'monotonic' | 'every'>,
  ) {
    bulletin.subscribe(options.topic, (text, hub) => this.heard(text, hub));
    clock.every(GATHER_MS, () => this.tell([...this.changed], false));
    clock.every(REPEAT_MS, () =>
      this.tell(
        [...this.own.keys()].filter((key) => this.isShared(key)),
        true,
      ),
    );
  }

  add(key: string, count: number): void {
    const wasShared = this.isShared(key);
    const now = (this.own.get(key) ?? 0) + count;
    if (now > 0) this.own.set(key, now);
    else this.own.delete(key);
    if (wasShared || this.isShared(key)) this.changed.add(key);
  }

  total(key: string): number {
    let sum = this.own.get(key) ?? 0;
    const oldest = this.clock.monotonic() - SILENCE_MS;
    for (const [hub, { counts, heardAt }] of this.others) {
      if (heardAt < oldest) this.others.delete(hub);
      else sum += counts.get(key) ?? 0;
    }
    return sum;
  }

  /** Begins anew, here and for what was heard. */
  clear(): void {
    this.own.clear();
    this.others.clear();
    this.changed.clear();
  }

  private isShared(key: string): boolean {
    return (this.own.get(key) ?? 0) >= this.options.sharedFrom;
  }

  private tell(keys: readonly string[], all: boolean): void {
    this.changed.clear();
    if (keys.length === 0) return;
    // One that fell below what is shared is told as none.
    const counts = Object.fromEntries(keys.map((key) => [key, this.isShared(key) ? this.own.get(key) : 0]));
    this.bulletin.publish(this.options.topic, JSON.stringify({ all, counts }));
  }

  private heard(text: string, hub: string): void {
    const message = read(text);
    if (!message) return;
    const known = this.others.get(hub) ?? { counts: new Map<string, number>(), heardAt: 0 };
    known.heardAt = this.clock.monotonic();
    if (message.all) known.counts.clear();
    for (const [key, count] of Object.entries(message.counts))
      if (count > 0) known.counts.set(key, count);
      else known.counts.delete(key);
    this.others.set(hub, known);
  }
}

/** Undefined for what is not ours to understand: another version's. */
function read(text: string): z.infer<typeof Message> | undefined {
  try {
    return Message.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
