/** A fact to be billed, written in the same commit as what it counts. The id is deterministic, so sending twice counts once. */
export interface StoreUsageEvent {
  /** `<volume>~<epoch>~<n>`: unique for ever. */
  readonly id: string;
  readonly partnerId: string;
  readonly accountId: string | null;
  readonly meter: 'messages-in' | 'messages-out';
  readonly quantity: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** What a partner stores: bytes of its messages, and of these the ones on cold storage as of the last count. */
export interface StoredBytes {
  readonly partnerId: string;
  readonly bytes: number;
  readonly coldBytes: number;
}
