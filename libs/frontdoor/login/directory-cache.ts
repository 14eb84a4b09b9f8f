import { LRUCache } from 'lru-cache';

/** One remembered answer. */
interface Entry<V> {
  readonly value: V;
  /** On the monotonic clock. Past it the source is asked again; the entry stays for when the source is away. */
  freshUntil: number;
  /** What was looked at to make the answer: when one of these changes, so may the answer. */
  readonly dependsOn: readonly string[];
}

export interface DirectoryCacheLimits {
  /** Answers that found something: 600,000 (10 min), the figure Stalwart uses… */
  readonly positiveMs: number;
  /** … and that found nothing: 30,000. */
  readonly negativeMs: number;
  /** Answers kept of each kind that found something, least recently used out first. 100,000: about 160 MB of routes (bench/directory). */
  readonly positiveMax: number;
  /** Answers kept that found nothing. Separate, so that guessing addresses never pushes out what is used. 20,000. */
  readonly negativeMax: number;
}

export const DEFAULT_DIRECTORY_CACHE_LIMITS: DirectoryCacheLimits = {
  positiveMs: 600_000,
  negativeMs: 30_000,
  positiveMax: 100_000,
  negativeMax: 20_000,
};

/**
 * Answers to one kind of question. Age makes an entry stale, not gone: a stale one is still the best answer there is while
 * the source is away. A change that was announced removes it.
 */
export class DirectoryCache<V> {
  private readonly positive: LRUCache<string, Entry<V>>;
  private readonly negative: LRUCache<string, Entry<V>>;
  /** Dependency → keys of entries that rest on it. */
  private readonly dependents = new Map<string, Set<string>>();

  constructor(private readonly limits: DirectoryCacheLimits) {
    this.positive = this.store(limits.positiveMax);
    this.negative = this.store(limits.negativeMax);
  }

  get size(): number {
    return this.positive.size + this.negative.size;
  }

  /** Whatever is remembered, fresh or not. */
  get(key: string, now: number): { readonly value: V; readonly fresh: boolean } | undefined {
    const entry = this.positive.get(key) ?? this.negative.get(key);
    return entry && { value: entry.value, fresh: now < entry.freshUntil };
  }

  set(key: string, value: V, dependsOn: readonly string[], now: number, found: boolean): void {
    const { positiveMs, negativeMs } = this.limits;
    const freshUntil = now + (found ? positiveMs : negativeMs);
    (found ? this.negative : this.positive).delete(key);
    (found ? this.positive : this.negative).set(key, { value, freshUntil, dependsOn });
    for (const dependency of dependsOn) {
      const keys = this.dependents.get(dependency);
      if (keys) keys.add(key);
      else this.dependents.set(dependency, new Set([key]));
    }
  }

  /** Something known changed: what rests on it is wrong now, and is forgotten. */
  forget(dependency: string): void {
    for (const key of [...(this.dependents.get(dependency) ?? [])]) {
      this.positive.delete(key);
      this.negative.delete(key);
    }
  }

  /** Something unknown may have changed: everything is asked again, and kept until the answer is there. */
  distrustAll(): void {
    for (const entry of this.positive.values()) entry.freshUntil = Number.NEGATIVE_INFINITY;
    for (const entry of this.negative.values()) entry.freshUntil = Number.NEGATIVE_INFINITY;
  }

  private store(max: number): LRUCache<string, Entry<V>> {
    return new LRUCache<string, Entry<V>>({ max, dispose: (entry, key) => this.unlink(key, entry) });
  }

  private unlink(key: string, { dependsOn }: Entry<V>): void {
    for (const dependency of dependsOn) {
      const keys = this.dependents.get(dependency);
      if (!keys) continue;
      keys.delete(key);
      if (keys.size === 0) this.dependents.delete(dependency);
    }
  }
}
