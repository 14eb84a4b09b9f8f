/** What became of one event. */
export type EventOutcome =
  /** Counted, now and for ever. */
  | { readonly outcome: 'accepted' }
  /** The same event was counted before. */
  | { readonly outcome: 'duplicate' }
  /** Not counted, and recorded with its reason. */
  | { readonly outcome: 'rejected'; readonly reason: RejectionReason; readonly detail: string };

export type RejectionReason =
  /** Its id was used before for another body. */
  | 'conflict'
  /** It says it happened later than now. */
  | 'future'
  | 'tooOld'
  | 'unknownPartner'
  /** No add-on meter the partner may feed has this code, or it is archived. */
  | 'unknownMeter'
  /** No mailbox or domain of the partner's, where the meter counts such. */
  | 'unknownSubject'
  /** The meter cannot take its value. */
  | 'badValue'
  /** It cannot be read. */
  | 'invalid';

/** Where events come from decides what happens to those that come too early. */
export type IngestChannel =
  /** Our own processes: an event ahead of time is held and counted when its time has come. */
  | 'internal'
  /** Partners' own meters: refused with an error, and the sender may send it again. */
  | 'api';

export interface IngestLimits {
  /** How far ahead of our clock an event may be. 300,000: five minutes, the worst clock of a machine without NTP for a day or two. */
  readonly futureMsMax: number;
  /** How old an event may be. 400 days: longer than a year's audit may bring up. */
  readonly ageMsMax: number;
}

export const DEFAULT_INGEST_LIMITS: IngestLimits = { futureMsMax: 300_000, ageMsMax: 400 * 86_400_000 };

export interface IngestSummary {
  /** One for each event given, in order. */
  readonly outcomes: readonly EventOutcome[];
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}
