import type { PriceModel } from './price-model.ts';

/** What a line of an invoice is about; the words scripts read. */
export type LineKind =
  | 'hub-hours'
  | 'node-hours-active'
  | 'node-hours-standby'
  | 'mailboxes'
  | 'gb-hours'
  | 'messages'
  | 'add-on'
  | 'fee'
  | 'commitment'
  | 'discount';

/** How a meter's facts become the quantity that is priced. */
export type Measure =
  /** Interval meters: hours lived; most at once; average over the period; local dates touched ÷ dates. */
  | 'hours'
  | 'peak'
  | 'average'
  | 'prorated'
  /** Gauge meters: 10⁹ bytes held for the whole period. */
  | 'gigabyte-months'
  /** Counter meters: the sum. */
  | 'total'
  /** Add-on meters: each resource's greatest value; different items of each; value held, averaged over the period. */
  | 'maximum'
  | 'unique'
  | 'level'
  /** No meter: a flat amount a period. */
  | 'none';

export interface PriceComponent {
  /** Stable across versions: `hub-hours`. */
  readonly id: string;
  readonly kind: LineKind;
  /** Meters it adds up, none for a fee. */
  readonly meters: readonly string[];
  readonly measure: Measure;
  readonly price: PriceModel;
  /** For people: `Hub hours`. */
  readonly description: string;
  /** What one of the quantity is called: `hour`, `GB-month`. */
  readonly unit: string;
  readonly taxClass: string;
  /** Whether its lines count towards a minimum commitment. */
  readonly countsTowardCommitment: boolean;
}

/** One version of a price list: never changed once published, so that an old bill can be made again. */
export interface PriceList {
  /** Names the version for ever. */
  readonly version: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly components: readonly PriceComponent[];
}
