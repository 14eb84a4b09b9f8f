/**
 * What the hubs of a cluster tell one another in passing: no promise, no order, no memory. A hub that hears nothing counts
 * alone. Topics are this cluster's own.
 */
export interface Bulletin {
  publish(topic: string, text: string): void;
  /** Hears the other hubs, not itself. `hub` differs from hub to hub and from start to start. */
  subscribe(topic: string, listener: (text: string, hub: string) => void): void;
}

/** A hub that is alone. */
export const silentBulletin: Bulletin = { publish() {}, subscribe() {} };
