import type { ClusterEvent } from '#cluster/api';

/** Events kept; the oldest go first. */
const KEPT_MAX = 10_000;

/** What happened in one cluster, in order. */
export class MemoryEvents {
  private readonly kept: ClusterEvent[] = [];
  private nextId = 1;

  add(event: Omit<ClusterEvent, 'id'>): void {
    this.kept.push({ id: this.nextId++, ...event });
    if (this.kept.length > KEPT_MAX) this.kept.shift();
  }

  /** Ascending by id. Without `after`, the newest ones. */
  read({ limit, after }: { readonly limit: number; readonly after?: number }): readonly ClusterEvent[] {
    return after === undefined ? this.kept.slice(-limit) : this.kept.filter(({ id }) => id > after).slice(0, limit);
  }
}
