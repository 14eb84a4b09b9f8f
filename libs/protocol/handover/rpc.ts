import type { TransferCursor } from './preface.ts';

/**
 * After an `rpc` preface: JSON lines, one request a line, answers in any order. Whoever asks names volume and epoch as it
 * knows them; a node that is not the owner at that epoch says `STALE`.
 */
export interface RpcMethods {
  /** What the account holds. */
  readonly account: {
    readonly params: { readonly accountId: string; readonly volumeId: string; readonly epoch: number };
    readonly result: { readonly usedBytes: number };
  };
  /** What the volume holds, of all partners. */
  readonly volume: {
    readonly params: { readonly volumeId: string; readonly epoch: number };
    readonly result: { readonly bytes: number };
  };
  /** Deliveries still to be made from the volume; of one partner when named. Oldest first. */
  readonly queue: {
    readonly params: {
      readonly volumeId: string;
      readonly epoch: number;
      readonly partnerId?: string;
      /** 1 … 1,000. */
      readonly limit: number;
    };
    readonly result: { readonly entries: readonly RpcQueueEntry[] };
  };
  /** Tries an entry now, keeps it back, or gives it up without a bounce. */
  readonly queueAct: {
    readonly params: {
      readonly volumeId: string;
      readonly epoch: number;
      readonly entryId: number;
      readonly action: 'retry' | 'hold' | 'cancel';
    };
    readonly result: { readonly done: true };
  };
  /** What was deleted of the account and can be restored, newest first. */
  readonly deleted: {
    readonly params: {
      readonly accountId: string;
      readonly volumeId: string;
      readonly epoch: number;
      readonly since?: number;
      readonly after?: { readonly deletedAt: number; readonly messageId: number };
      /** 1 … 1,000. */
      readonly limit: number;
    };
    readonly result: { readonly entries: readonly RpcDeletedEntry[] };
  };
  /** Puts deleted messages back: those named, or those deleted since, oldest first; call again while it restores `limit`. */
  readonly undelete: {
    readonly params: {
      readonly accountId: string;
      readonly volumeId: string;
      readonly epoch: number;
      readonly messageIds?: readonly number[];
      readonly since?: number;
      /** 1 … 1,000. */
      readonly limit: number;
    };
    readonly result: { readonly restored: number };
  };
  /** One step of an account's way between volumes; answers with how it stands after it. */
  readonly moveAccount: {
    readonly params: {
      readonly volumeId: string;
      readonly epoch: number;
      readonly accountId: string;
      /** Of the account, should it not have been used yet. */
      readonly email: string;
      readonly partnerId: string;
      readonly quotaBytes: number;
      readonly step: MoveStep;
      /** Epoch of the leader that asks; what an earlier one asked for and comes late is refused STALE. */
      readonly term: number;
    };
    readonly result: AccountStand;
  };
  /** Begins a backup of the volume to its node's backup directory. */
  readonly backup: {
    readonly params: { readonly volumeId: string; readonly epoch: number };
    readonly result: RpcBackupJob;
  };
  /** Complete backups there, oldest first, and the job under way or just over. */
  readonly backups: {
    readonly params: { readonly volumeId: string; readonly epoch: number };
    readonly result: { readonly items: readonly RpcBackup[]; readonly job: RpcBackupJob | null };
  };
  /** Begins to put whole copies from backups in the place of what the scrub found damaged. */
  readonly repair: {
    readonly params: { readonly volumeId: string; readonly epoch: number };
    readonly result: RpcBackupJob;
  };
  /** Begins to bring back an account, or with `mailbox` messages of one. */
  readonly restore: {
    readonly params: {
      readonly volumeId: string;
      readonly epoch: number;
      readonly backup: string;
      /** Id or address in the backup. */
      readonly source: string;
      readonly account: {
        readonly accountId: string;
        readonly email: string;
        readonly partnerId: string;
        readonly quotaBytes: number;
      };
      readonly mailbox?: string;
      readonly messageId?: number;
      readonly into?: string;
    };
    readonly result: RpcBackupJob;
  };
  /** How far the volume's cold tier is. */
  readonly tiering: {
    readonly params: { readonly volumeId: string; readonly epoch: number };
    readonly result: RpcTiering;
  };
  /** Begins to move all that is due to cold storage. */
  readonly runTiering: {
    readonly params: { readonly volumeId: string; readonly epoch: number };
    readonly result: RpcTiering;
  };
  /** Tries cold storage, and uses it from now on. */
  readonly setTiering: {
    readonly params: {
      readonly volumeId: string;
      readonly epoch: number;
      readonly place: RpcColdPlace;
      readonly rules: readonly { readonly afterMs: number; readonly minBytes: number }[];
    };
    readonly result: RpcTiering;
  };
}

export type RpcColdPlace =
  | { readonly kind: 'directory'; readonly path: string }
  | {
      readonly kind: 's3';
      readonly endpoint: string;
      readonly region: string;
      readonly bucket: string;
      readonly prefix: string;
      readonly pathStyle: boolean;
      /** What the node calls its keys. */
      readonly credentials: string;
    };

/** `problem`: why what was asked for was not done. Bytes of cold mail are as stored, compressed. */
export interface RpcTiering {
  readonly storage: string | null;
  readonly rules: readonly { readonly afterMs: number; readonly minBytes: number }[];
  readonly running: boolean;
  readonly hotBytes: number;
  readonly coldBytes: number;
  readonly coldSegments: number;
  readonly dueSegments: number;
  readonly dueBytes: number;
  readonly movedMessages: number;
  readonly movedBytes: number;
  readonly movedStoredBytes: number;
  readonly trouble: string | null;
  readonly problem: string | null;
}

/** The last backup or restore of a volume since its node was started. */
export interface RpcBackupJob {
  readonly kind: 'backup' | 'restore' | 'repair';
  readonly state: 'running' | 'done' | 'failed';
  /** What came of it. */
  readonly text: string;
}

/** `at`: milliseconds since the Unix epoch. */
export interface RpcBackup {
  readonly name: string;
  readonly at: number;
  readonly accounts: number;
  readonly messages: number;
  readonly bytes: number;
  readonly copiedBytes: number;
  readonly damaged: readonly string[];
}

/** A message that can be restored. Times are milliseconds since the Unix epoch. */
export interface RpcDeletedEntry {
  readonly messageId: number;
  readonly mailbox: string;
  readonly sizeBytes: number;
  readonly receivedAt: number;
  readonly deletedAt: number;
  readonly subject: string | null;
  readonly from: readonly string[];
}

/**
 * `look` changes nothing. At the source: `prepare` makes sure it is there, `hold` lets nobody change it, `release` takes that
 * back, `forget` removes it once held. At the target: `admit` makes the copy the account, `discard` removes whatever came of it.
 */
export type MoveStep = 'look' | 'prepare' | 'hold' | 'release' | 'forget' | 'admit' | 'discard';

export interface AccountStand {
  readonly standing: 'none' | 'open' | 'arriving' | 'held';
  /** Of an arriving copy: how far it has come. */
  readonly cursor: TransferCursor | null;
  /** Of the account itself. */
  readonly modSeq: number;
  readonly usedBytes: number;
}

/** Times are milliseconds since the Unix epoch. */
export interface RpcQueueEntry {
  readonly id: number;
  readonly partnerId: string;
  readonly reversePath: string;
  readonly forwardPath: string;
  readonly sizeBytes: number;
  readonly status: 'queued' | 'held';
  readonly attempts: number;
  readonly createdAt: number;
  readonly nextAttemptAt: number;
  readonly lastError: string | null;
}

export type RpcMethod = keyof RpcMethods;

export type RpcRequest = {
  [Method in RpcMethod]: {
    readonly id: number;
    readonly method: Method;
    readonly params: RpcMethods[Method]['params'];
  };
}[RpcMethod];

/** STALE: not the owner at that epoch. UNKNOWN: no such method or object. FULL: the quota has no room. BUSY: something else is under way. FAILED: it could not be done or found out. */
export type RpcErrorCode = 'STALE' | 'UNKNOWN' | 'FULL' | 'BUSY' | 'FAILED';

export type RpcReply =
  | { readonly id: number; readonly result: RpcMethods[RpcMethod]['result'] }
  | { readonly id: number; readonly error: { readonly code: RpcErrorCode; readonly text: string } };

/** A line of either side, its end not counted: a full queue answer is about 500 KB. */
export const RPC_LINE_BYTES_MAX = 1 << 20;

export const encodeRpcLine = (message: RpcRequest | RpcReply): string => `${JSON.stringify(message)}\n`;

/** `undefined` when the line is no reply. What the result holds is the other side's word. */
export function decodeRpcReply(line: string): RpcReply | undefined {
  const value = readObject(line);
  if (typeof value?.['id'] !== 'number' || !('result' in value || 'error' in value)) return undefined;
  return value as unknown as RpcReply;
}

/** `undefined` when the line is no request; its params are still to be checked by the method. */
export function decodeRpcRequest(
  line: string,
): { readonly id: number; readonly method: string; readonly params: Readonly<Record<string, unknown>> } | undefined {
  const value = readObject(line);
  const id = value?.['id'];
  const method = value?.['method'];
  const params = value?.['params'] ?? {};
  if (typeof id !== 'number' || typeof method !== 'string' || typeof params !== 'object') return undefined;
  return { id, method, params: params as Record<string, unknown> };
}

function readObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
