export interface CarrierSettings {
  /**
   * Credit a channel begins with: what one slow reader may make its peer keep in memory, and what one channel can have on its
   * way. 262,144: a gigabit at 2 ms. RFC 9113's 65,535 is known to be too little for bulk.
   */
  readonly windowBytes: number;
  /** Channels on one carrier. 20,000: a hub's idle sessions. */
  readonly channelsMax: number;
  /** So often either side shows that it is there. 2,000. */
  readonly pingMs: number;
  /** A carrier that said nothing for so long is lost. 6,000: an owner's lease, twice. */
  readonly silenceMsMax: number;
}

export const DEFAULT_CARRIER_SETTINGS: CarrierSettings = {
  windowBytes: 262_144,
  channelsMax: 20_000,
  pingMs: 2_000,
  silenceMsMax: 6_000,
};
