/** What a store's background work has done since it was opened. */
export interface UpkeepFigures {
  /** Segments emptied because most of them was dead. */
  readonly compactedSegments: number;
  readonly reclaimedBytes: number;
  /** Deleted messages forgotten for good. */
  readonly deletedExpired: number;
  /** Bytes of messages read again and compared. */
  readonly scrubbedBytes: number;
  /** Messages' bytes known to be damaged now. */
  readonly damagedBlobs: number;
}

export const NO_UPKEEP: UpkeepFigures = {
  compactedSegments: 0,
  reclaimedBytes: 0,
  deletedExpired: 0,
  scrubbedBytes: 0,
  damagedBlobs: 0,
};
