import { MailStoreError } from '#mailstore/api';

/** Why a volume could not be opened or made. The text says what was found, for operators. */
export type VolumeOpenErrorCode =
  /** The directory has no volume.json: not mounted, or never made a volume. */
  | 'notAVolume'
  /** It is another volume's directory. */
  | 'otherVolume'
  /** It belongs to another cluster. */
  | 'otherCluster'
  /** Written by a newer version of this program, or not readable as a volume. */
  | 'formatUnknown'
  /** Another process holds the storage lock. */
  | 'locked'
  /** A newer owner has been here: this one's epoch is over. */
  | 'staleEpoch'
  /** The mount does not keep locks: two processes were both let in. */
  | 'locksUnreliable'
  /** The caller's signal ended the wait. */
  | 'aborted';

export class VolumeOpenError extends Error {
  override readonly name = 'VolumeOpenError';
  constructor(
    readonly code: VolumeOpenErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A sync failed: what was written since the last one may be gone, whatever the code of the failure says. */
export class SyncError extends Error {
  override readonly name = 'SyncError';
}

/** What a failure means to the volume: a refusal of one operation, no room for now, the end of the volume, or a fault in this program. */
export type FailureKind = 'refusal' | 'diskFull' | 'fatal' | 'fault';

// https://sqlite.org/rescode.html: primary codes are the low byte.
const SQLITE_FULL = 13;
const SQLITE_ENDS = new Set([10 /* IOERR */, 11 /* CORRUPT */, 14 /* CANTOPEN */, 26 /* NOTADB */]);

export function failureKind(error: unknown): FailureKind {
  if (error instanceof MailStoreError) return error.code === 'diskFull' ? 'diskFull' : 'refusal';
  if (error instanceof SyncError) return 'fatal';
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'diskFull';
  if (code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number') {
    const primary = errcode & 0xff;
    if (primary === SQLITE_FULL) return 'diskFull';
    return SQLITE_ENDS.has(primary) ? 'fatal' : 'fault';
  }
  // A file that could not be written or synced for any other reason may have lost what was in it.
  return typeof code === 'string' && 'syscall' in (error as object) ? 'fatal' : 'fault';
}

export function isSqliteBusy(error: unknown): boolean {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' && (errcode & 0xff) === 5;
}
