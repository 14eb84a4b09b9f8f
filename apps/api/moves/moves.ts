import type { InputOf, Move as MoveView, ROUTES } from '#api-schema';
import type { AccountMove, AccountMoves, MoveRefusal } from '#cluster/api';
import { PostgresAccountMoves } from '#cluster/postgres';
import type { Database } from '#database';
import type { DirectoryRegistry } from '#directory/api';
import { err, ok } from '#stdx';
import type { Clusters } from '../clusters/clusters.ts';
import type { Refusal, Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';

type Routes = typeof ROUTES;

/** What an operator may ask of accounts' places. The leader of their cluster carries it out. */
export class Moves {
  constructor(
    private readonly registry: DirectoryRegistry,
    private readonly clusters: Clusters,
    private readonly database: Database,
  ) {}

  async create(asking: Asking, { body }: InputOf<Routes['createMove']>): Promise<Reply<MoveView>> {
    const account = await this.registry.findAccount(asking.context, body.account);
    if (!account.ok) return account;
    const domain = await this.registry.findDomain(asking.context, account.value.domainId);
    if (!domain.ok) return domain;
    const { clusterId } = domain.value;
    const names = await this.volumeNames(asking, clusterId);
    if (!names.ok) return names;
    const to = [...names.value].find(([id, name]) => id === body.to || name === body.to)?.[0];
    if (to === undefined) return err({ code: 'volume_not_found' });
    const asked = await this.movesOf(clusterId).request(account.value.id, to);
    return asked.ok ? ok(view(asked.value, names.value)) : err(REFUSALS[asked.error]);
  }

  async list(asking: Asking, { params, query }: InputOf<Routes['listMoves']>) {
    const { limit, after, account } = query;
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const of = account === undefined ? undefined : await this.registry.findAccount(asking.context, account);
    if (of && !of.ok) return of;
    const { id } = found.value.record;
    const names = await this.volumeNames(asking, id);
    if (!names.ok) return names;
    const moves = await this.movesOf(id).list({
      limit: limit + 1,
      ...(after === undefined ? {} : { before: after }),
      ...(of ? { accountId: of.value.id } : {}),
    });
    const items = moves.slice(0, limit).map((move) => view(move, names.value));
    const last = items.at(-1);
    return ok(moves.length > limit && last ? { items, next: last.id } : { items });
  }

  async show(asking: Asking, { params }: InputOf<Routes['showMove']>): Promise<Reply<MoveView>> {
    return this.one(asking, params);
  }

  async cancel(asking: Asking, { params }: InputOf<Routes['cancelMove']>): Promise<Reply<MoveView>> {
    const move = await this.one(asking, params);
    if (!move.ok) return move;
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    if (!(await this.movesOf(found.value.record.id).cancel(move.value.id)))
      return err({ code: 'conflict', detail: `the move is ${move.value.state}` });
    return this.one(asking, params);
  }

  private async one(
    asking: Asking,
    params: { readonly cluster: string; readonly move: string },
  ): Promise<Reply<MoveView>> {
    const found = await this.clusters.find(asking, params.cluster);
    if (!found.ok) return found;
    const { id } = found.value.record;
    const names = await this.volumeNames(asking, id);
    if (!names.ok) return names;
    const move = /^\d{1,18}$/.test(params.move) ? await this.movesOf(id).find(params.move) : undefined;
    return move ? ok(view(move, names.value)) : err({ code: 'move_not_found' });
  }

  private movesOf(clusterId: string): AccountMoves {
    return new PostgresAccountMoves(clusterId, this.database);
  }

  private async volumeNames(asking: Asking, clusterId: string): Promise<Reply<ReadonlyMap<string, string>>> {
    const found = await this.clusters.find(asking, clusterId);
    if (!found.ok) return found;
    const { volumes } = await found.value.state.snapshot();
    return ok(new Map(volumes.map(({ id, name }) => [id, name])));
  }
}

const REFUSALS: Readonly<Record<MoveRefusal, Refusal>> = {
  accountNotFound: { code: 'account_not_found' },
  volumeNotFound: { code: 'volume_not_found' },
  alreadyThere: { code: 'conflict', detail: 'the account lives on that volume' },
  alreadyMoving: { code: 'conflict', detail: 'the account is on its way already' },
};

function view(move: AccountMove, names: ReadonlyMap<string, string>): MoveView {
  const nameOf = (id: string): string => names.get(id) ?? id;
  return {
    id: move.id,
    account: move.email,
    accountId: move.accountId,
    from: nameOf(move.fromVolumeId),
    to: nameOf(move.toVolumeId),
    state: move.state,
    bytesTotal: move.bytesTotal,
    bytesCopied: move.bytesCopied,
    passes: move.passes,
    heldMs: move.heldMs,
    trouble: move.trouble,
    requestedAt: move.requestedAt.toISOString(),
    updatedAt: move.updatedAt.toISOString(),
    forgetAt: move.forgetAt?.toISOString() ?? null,
    finishedAt: move.finishedAt?.toISOString() ?? null,
  };
}
