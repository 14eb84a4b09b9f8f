/** How a volume works, besides what it accepts (`MailStoreLimits`). */
export interface VolumeSettings {
  /** Messages above this stream into a segment of their own, so that memory stays bounded. Default 1 MiB. */
  readonly largeMessageBytes: number;
  /** Bytes of staged messages held in memory; past it every message goes to a segment of its own. Default 64 MiB. */
  readonly stagedBytesMax: number;
  /** A segment past this is closed and the next begun. Default 256 MiB: small enough to compact in one go, few enough to list. */
  readonly segmentBytesMax: number;
  /** Bytes of messages one commit writes. Default 8 MiB: tens of milliseconds on a slow disk. */
  readonly commitBytesMax: number;
  /** Operations one commit takes. Default 512. */
  readonly commitOperationsMax: number;
  /** Time one commit's transaction may hold the event loop, milliseconds; what is left waits for the next. Default 8: half of the 20 ms p99 in docs/MAILSTORE.md. */
  readonly commitHoldMs: number;
  /** Operations that may wait; past it callers are refused `unavailable`. Default 100,000. */
  readonly pendingOperationsMax: number;
  /**
   * WAL frames (4 KiB) after which it is written back, whoever waits. Default 12,288 (48 MiB): a pause of 25–40 ms that fewer than
   * one in a hundred deliveries meet, at the four frames a delivery was measured to take with 20 in flight.
   */
  readonly walFramesMax: number;
  /** WAL frames after which it is written back when nobody is waiting. Default 2,048: measured 8–10 ms. */
  readonly walFramesQuiet: number;
  /** WAL frames worth writing back when the volume has been idle for `walIdleMs`. Default 256. */
  readonly walFramesIdle: number;
  /** Default 1,000. */
  readonly walIdleMs: number;
  /** SQLite's page cache. Default 32 MiB: grows with use only. */
  readonly cacheBytes: number;
  /** Accounts whose rows the writer remembers. Default 4,096: a few MB. */
  readonly cachedAccountsMax: number;
  /** Segment files kept open for reading. Default 64. */
  readonly openSegmentsMax: number;
  /** Tombstones younger than this are kept. Default 30 days, the least docs/MAILSTORE.md allows. */
  readonly tombstoneKeepMs: number;
  /**
   * Room kept for what needs no new mail: reading, marking, deleting. With less left, mail is refused `diskFull`.
   * It is no file: where others fill the disk, mail can be read until they give some of it back, and no more.
   * Default 64 MiB: the log at its longest, as much again to write it back, and the index's growth by a million tombstones.
   */
  readonly reserveBytes: number;
  /** Share of a closed segment that must be dead before the rest is moved and the file removed. Default 0.5: a byte is then copied once for a byte won. */
  readonly compactDeadShare: number;
  /** Bytes a second that upkeep reads and writes. Default 8 MiB: a tenth of what a single disk does. */
  readonly upkeepBytesPerSecond: number;
  /** Bytes a second that a backup reads and writes. Default 64 MiB: half of what a single disk does. */
  readonly backupBytesPerSecond: number;
  /** How old the last reading of a segment may be before the scrub reads it again. Default 14 days: two looks at each byte a month, before a backup that is kept four weeks has gone. */
  readonly scrubIntervalMs: number;
  /** Bytes of a segment on cold storage. Default 8 MiB: made in memory, read back at once, and a request for a tenth of a cent a thousand. */
  readonly coldSegmentBytes: number;
  /** Zstandard level of cold mail. Default 3, the library's own: mail is half attachments that no level makes smaller. */
  readonly coldCompressionLevel: number;
  /** Memory for cold mail read lately. Default 8 MiB: a client asks for a message part by part. */
  readonly coldCacheBytes: number;
  /** Requests to cold storage at a time for mail that is read. Default 16. */
  readonly coldReadsMax: number;
  /** How long nothing is asked of cold storage that did not answer; readers are refused meanwhile. Default 5,000. */
  readonly coldRetryMs: number;
  /** How old the last reading of a cold segment may be before it is read again. Default 90 days: object storage checks itself, and its reads may cost. */
  readonly coldScrubIntervalMs: number;
  /** Boundaries of time at which mail become old enough is moved. Default 1 day: what trickles in shares an object. */
  readonly tierIntervalMs: number;
  /** How old the count of cold bytes may be. Default 1 hour, what a bill's buckets are. */
  readonly coldCountIntervalMs: number;
  /** How often upkeep looks for something to do. Default 60,000. */
  readonly upkeepIntervalMs: number;
  /** Free bytes on the storage below which deleted messages give way before their time, oldest first. Default 512 MiB. */
  readonly deletedYieldBytes: number;
  /** New messages a search of an account indexes before it looks; with more than that to do it reads them. Default 200: about a second. */
  readonly searchCatchUpMessages: number;
  /** Blocks of the text index kept open between searches, until a minute after the last. Default 96 MiB: an account of 100,000 messages. */
  readonly searchCacheBytes: number;
  /** Messages a bulk change (COPY, MOVE, EXPUNGE of many) handles in one commit. Default 200: about 8 ms. */
  readonly bulkMessagesMax: number;
  /** Messages whose keywords one commit changes. Default 1,000: about 6 ms. */
  readonly markedMessagesMax: number;
}

export const defaultVolumeSettings: VolumeSettings = {
  largeMessageBytes: 1024 * 1024,
  stagedBytesMax: 64 * 1024 * 1024,
  segmentBytesMax: 256 * 1024 * 1024,
  commitBytesMax: 8 * 1024 * 1024,
  commitOperationsMax: 512,
  commitHoldMs: 8,
  pendingOperationsMax: 100_000,
  walFramesMax: 12_288,
  walFramesQuiet: 2_048,
  walFramesIdle: 256,
  walIdleMs: 1_000,
  cacheBytes: 32 * 1024 * 1024,
  cachedAccountsMax: 4_096,
  openSegmentsMax: 64,
  tombstoneKeepMs: 30 * 24 * 3_600_000,
  reserveBytes: 64 * 1024 * 1024,
  compactDeadShare: 0.5,
  upkeepBytesPerSecond: 8 * 1024 * 1024,
  backupBytesPerSecond: 64 * 1024 * 1024,
  scrubIntervalMs: 14 * 24 * 3_600_000,
  coldSegmentBytes: 8 * 1024 * 1024,
  coldCompressionLevel: 3,
  coldCacheBytes: 8 * 1024 * 1024,
  coldReadsMax: 16,
  coldRetryMs: 5_000,
  coldScrubIntervalMs: 90 * 24 * 3_600_000,
  tierIntervalMs: 24 * 3_600_000,
  coldCountIntervalMs: 3_600_000,
  upkeepIntervalMs: 60_000,
  deletedYieldBytes: 512 * 1024 * 1024,
  searchCatchUpMessages: 200,
  searchCacheBytes: 96 * 1024 * 1024,
  bulkMessagesMax: 200,
  markedMessagesMax: 1_000,
};
