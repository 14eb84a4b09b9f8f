/**
 * A fact to be billed. `id` is deterministic (made of what happened, never of when it was sent), so that sending it
 * again counts once. `counter` events add `quantity`; `start`/`stop` events open and close a resource's interval in a
 * role; `gauge` events say a level that holds until the next one.
 */
export type UsageEvent = {
  readonly id: string;
  /** Who emitted it: `hub:<id>`, `node:<id>`, `api`, `cluster`. Unique with `id` and partner. */
  readonly source: string;
  readonly partnerId: string;
  /** ISO 8601 instant of the fact. */
  readonly at: string;
  /** Account, hub, node or volume it is about. */
  readonly subject: string;
  /**
   * The subject's name when it happened, for people reading the bill: a mailbox's address, a node's name. A mailbox
   * deleted and made again under one label on one date is prorated as one.
   */
  readonly label?: string;
} & (
  | { readonly kind: 'counter'; readonly meter: CounterMeter; readonly quantity: number }
  | { readonly kind: 'start' | 'stop'; readonly meter: IntervalMeter }
  | { readonly kind: 'gauge'; readonly meter: GaugeMeter; readonly value: number }
);

export type CounterMeter = 'messages-in' | 'messages-out';
export type IntervalMeter = 'hub' | 'node-active' | 'node-standby' | 'mailbox';
/** Bytes stored by a partner on a volume, hot and cold apart; subject = volume id. */
export type GaugeMeter = 'storage-bytes' | 'storage-cold-bytes';

export const COUNTER_METERS: readonly CounterMeter[] = ['messages-in', 'messages-out'];
export const INTERVAL_METERS: readonly IntervalMeter[] = ['hub', 'node-active', 'node-standby', 'mailbox'];
export const GAUGE_METERS: readonly GaugeMeter[] = ['storage-bytes', 'storage-cold-bytes'];

/** BullMQ queue that carries batches `{ events: UsageEvent[] }`; billing inserts each once. */
export const USAGE_QUEUE = 'usage';
/** Outbox topic whose payload is one `UsageEvent`. */
export const USAGE_TOPIC = 'usage';
/** Events a batch holds at most. */
export const USAGE_BATCH_MAX = 1_000;
