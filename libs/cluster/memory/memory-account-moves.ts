import type { AccountMove, AccountMoves, MoveProgress, MoveRefusal } from '#cluster/api';
import { type Clock, err, ok, type Result } from '#stdx';

/** What the directory would know of an account. */
export interface MemoryPlacement {
  readonly email: string;
  volumeId: string;
}

const OVER: ReadonlySet<string> = new Set(['done', 'cancelled', 'failed']);

/** Moves in this process, for tests. Accounts live where `placements` says; `leads` says whose writes count. */
export class MemoryAccountMoves implements AccountMoves {
  private readonly moves = new Map<string, AccountMove>();
  private nextId = 1;

  constructor(
    private readonly clusterId: string,
    private readonly placements: Map<string, MemoryPlacement>,
    private readonly volumes: ReadonlySet<string>,
    private readonly leads: (leaderEpoch: number) => Promise<boolean>,
    private readonly clock: Clock,
  ) {}

  async request(accountId: string, toVolumeId: string): Promise<Result<AccountMove, MoveRefusal>> {
    const placement = this.placements.get(accountId);
    if (!placement) return err('accountNotFound');
    if (!this.volumes.has(toVolumeId)) return err('volumeNotFound');
    if (placement.volumeId === toVolumeId) return err('alreadyThere');
    const earlier = [...this.moves.values()].filter((move) => move.accountId === accountId && !OVER.has(move.state));
    if (earlier.some(({ state }) => state !== 'forgetting')) return err('alreadyMoving');
    const now = new Date(this.clock.now());
    for (const move of earlier) this.moves.set(move.id, { ...move, forgetAt: now });
    const move: AccountMove = {
      id: String(this.nextId++),
      clusterId: this.clusterId,
      accountId,
      email: placement.email,
      partnerId: 'partner',
      quotaBytes: 0,
      accountExists: true,
      fromVolumeId: placement.volumeId,
      toVolumeId,
      state: 'waiting',
      bytesTotal: null,
      bytesCopied: 0,
      passes: 0,
      heldMs: null,
      trouble: null,
      requestedAt: now,
      updatedAt: now,
      forgetAt: null,
      finishedAt: null,
    };
    this.moves.set(move.id, move);
    return ok(move);
  }

  async find(id: string): Promise<AccountMove | undefined> {
    const move = this.moves.get(id);
    return move && { ...move, accountExists: this.placements.has(move.accountId) };
  }

  async list(input: Parameters<AccountMoves['list']>[0]): Promise<readonly AccountMove[]> {
    const { limit, before, accountId } = input;
    return [...this.moves.values()]
      .filter((move) => before === undefined || Number(move.id) < Number(before))
      .filter((move) => accountId === undefined || move.accountId === accountId)
      .reverse()
      .slice(0, limit);
  }

  async cancel(id: string): Promise<boolean> {
    const move = this.moves.get(id);
    if (move?.state !== 'waiting' && move?.state !== 'copying') return false;
    this.change(move, { state: 'cancelling' });
    return true;
  }

  async unfinished(): Promise<readonly AccountMove[]> {
    const due = ({ state, forgetAt }: AccountMove): boolean =>
      state !== 'forgetting' || (forgetAt !== null && forgetAt.getTime() <= this.clock.now());
    const found = [...this.moves.values()].filter((move) => !OVER.has(move.state) && due(move));
    return found.map((move) => ({ ...move, accountExists: this.placements.has(move.accountId) }));
  }

  async advance(
    leaderEpoch: number,
    { id, state }: Pick<AccountMove, 'id' | 'state'>,
    progress: MoveProgress,
  ): Promise<boolean> {
    if (!(await this.leads(leaderEpoch))) return false;
    const move = this.moves.get(id);
    if (move?.state !== state) return false;
    this.change(move, progress);
    return true;
  }

  async flip(
    leaderEpoch: number,
    id: string,
    { heldMs, graceMs }: { readonly heldMs: number; readonly graceMs: number },
  ): Promise<boolean> {
    if (!(await this.leads(leaderEpoch))) return false;
    const move = this.moves.get(id);
    const placement = move && this.placements.get(move.accountId);
    if (move?.state !== 'switching' || placement?.volumeId !== move.fromVolumeId) return false;
    placement.volumeId = move.toVolumeId;
    const forgetAt = new Date(this.clock.now() + graceMs);
    this.moves.set(id, { ...move, state: 'forgetting', heldMs, forgetAt, trouble: null });
    return true;
  }

  private change(move: AccountMove, progress: MoveProgress): void {
    const now = new Date(this.clock.now());
    const finishedAt = progress.state !== undefined && OVER.has(progress.state) ? now : move.finishedAt;
    this.moves.set(move.id, { ...move, ...progress, updatedAt: now, finishedAt });
  }
}
