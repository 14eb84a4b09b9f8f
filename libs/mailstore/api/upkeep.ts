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
  /** Messages' bytes moved to cold storage: as they were, and as they are stored there. */
  readonly tieredMessages: number;
  readonly tieredBytes: number;
  readonly tieredStoredBytes: number;
  /** Cold segments emptied because most was dead, and objects removed. */
  readonly compactedColdSegments: number;
  readonly removedColdSegments: number;
  /** Bytes stored on cold storage now. */
  readonly coldBytes: number;
  /** Requests to cold storage for mail that is read, those that failed, and reads that needed none. */
  readonly coldReads: number;
  readonly coldReadFailures: number;
  readonly coldCacheHits: number;
}

export const NO_UPKEEP: UpkeepFigures = {
  compactedSegments: 0,
  reclaimedBytes: 0,
  deletedExpired: 0,
  scrubbedBytes: 0,
  damagedBlobs: 0,
  tieredMessages: 0,
  tieredBytes: 0,
  tieredStoredBytes: 0,
  compactedColdSegments: 0,
  removedColdSegments: 0,
  coldBytes: 0,
  coldReads: 0,
  coldReadFailures: 0,
  coldCacheHits: 0,
};
