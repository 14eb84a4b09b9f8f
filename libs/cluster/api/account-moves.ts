import type { Result } from '#stdx';

/**
 * `waiting`: nobody has begun. `copying`: the source serves, the copy catches up. `switching`: the source is held for the
 * last of it. `forgetting`: the placement has changed; the source's held copy is kept for a while. `cancelling`: the copy is
 * to be dropped. `done`, `cancelled`, `failed`: over.
 */
export type AccountMoveState =
  | 'waiting'
  | 'copying'
  | 'switching'
  | 'forgetting'
  | 'cancelling'
  | 'done'
  | 'cancelled'
  | 'failed';

/** An account on its way from volume to volume, as the control plane keeps it: any leader goes on from here. */
export interface AccountMove {
  /** Rises with time. */
  readonly id: string;
  readonly clusterId: string;
  readonly accountId: string;
  readonly email: string;
  readonly partnerId: string;
  readonly quotaBytes: number;
  /** The directory still has the account. */
  readonly accountExists: boolean;
  readonly fromVolumeId: string;
  readonly toVolumeId: string;
  readonly state: AccountMoveState;
  /** What the account held when copying began; `null` before. */
  readonly bytesTotal: number | null;
  readonly bytesCopied: number;
  readonly passes: number;
  /** How long nobody could change the account, of a move that came through. Milliseconds. */
  readonly heldMs: number | null;
  /** Why it does not go on, or why it failed; for people. */
  readonly trouble: string | null;
  readonly requestedAt: Date;
  readonly updatedAt: Date;
  readonly forgetAt: Date | null;
  readonly finishedAt: Date | null;
}

export type MoveRefusal = 'accountNotFound' | 'volumeNotFound' | 'alreadyThere' | 'alreadyMoving';

export interface MoveProgress {
  readonly state?: AccountMoveState;
  readonly bytesTotal?: number;
  readonly bytesCopied?: number;
  readonly passes?: number;
  readonly trouble?: string | null;
}

/** The moves of one cluster's accounts in the control plane. A leader's writes name its epoch and the state they were decided on. */
export interface AccountMoves {
  /** A copy that an earlier move of the account left behind is forgotten first, before its time. */
  request(accountId: string, toVolumeId: string): Promise<Result<AccountMove, MoveRefusal>>;
  find(id: string): Promise<AccountMove | undefined>;
  /** Newest first. */
  list(input: {
    readonly limit: number;
    readonly before?: string;
    readonly accountId?: string;
  }): Promise<readonly AccountMove[]>;
  /** False once it is too late: the last of it is being moved, or all has been. */
  cancel(id: string): Promise<boolean>;
  /** Everything a leader has to do with, oldest first; `forgetting` ones only when their time has come. */
  unfinished(): Promise<readonly AccountMove[]>;
  /** By the leader. False when it no longer leads or the move is not as given. */
  advance(leaderEpoch: number, move: Pick<AccountMove, 'id' | 'state'>, progress: MoveProgress): Promise<boolean>;
  /** By the leader, in one transaction: the account lives on the target from now on, and the move is `forgetting`. */
  flip(leaderEpoch: number, id: string, input: { readonly heldMs: number; readonly graceMs: number }): Promise<boolean>;
}

/** How far a copy has come; opaque. */
export interface CopyCursor {
  readonly modSeq: number;
  readonly nextMessage: number;
}

/** How an account, or what is to become one, stands on a volume. */
export interface AccountStand {
  readonly standing: 'none' | 'open' | 'arriving' | 'held';
  readonly cursor: CopyCursor | null;
  readonly modSeq: number;
  readonly usedBytes: number;
}

export type AccountStep = 'look' | 'prepare' | 'hold' | 'release' | 'forget' | 'admit' | 'discard';
export type MovingAccount = Pick<AccountMove, 'accountId' | 'email' | 'partnerId' | 'quotaBytes'>;

/** `unreachable`: no owner answered; whether it was done is not known. `beginAnew`: the copy cannot be continued. `refused`: the node said why. */
export class AccountHandsError extends Error {
  override readonly name = 'AccountHandsError';
  constructor(
    readonly why: 'unreachable' | 'beginAnew' | 'refused',
    message: string,
  ) {
    super(message);
  }
}

/** A leader's hands on accounts where they lie. Every call rejects `AccountHandsError`. */
export interface AccountHands {
  /** `term` is the leader's epoch: nodes refuse what a former leader asks for too late. */
  step(volumeId: string, account: MovingAccount, step: AccountStep, term: number): Promise<AccountStand>;
  /** Brings everything after the cursor over; resolves with where the copy is then. `onBytes` is told of what passes. */
  copy(
    move: Pick<AccountMove, 'accountId' | 'fromVolumeId' | 'toVolumeId'>,
    since: CopyCursor,
    onBytes: (bytes: number) => void,
  ): Promise<CopyCursor>;
}
