import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type MailStore, MailStoreError, type MailStoreErrorCode, type QueueUpdate } from '#mailstore/api';
import {
  decodeRpcRequest,
  encodeRpcLine,
  RPC_LINE_BYTES_MAX,
  type RpcErrorCode,
  type RpcMethod,
  type RpcMethods,
  type RpcReply,
} from '#protocol/handover';
import { type Clock, type Logger, systemContext } from '#stdx';
import type { AccountSteps } from './account-steps.ts';
import type { BackupDesk } from './backup-desk.ts';
import type { LegServer, PrefaceOf } from './data-server.ts';
import { listDeleted, undelete } from './rpc-deleted.ts';
import type { TierDesk } from './tier-desk.ts';

/** The volume, when this node serves it at that epoch. */
type Find = (volumeId: string, epoch: number) => MailStore | undefined;

const LIMIT_MAX = 1_000;
const limit = z.number().int().min(1).max(LIMIT_MAX);
const onVolume = { volumeId: z.string(), epoch: z.number().int() };

const PARAMS = {
  account: z.object({ ...onVolume, accountId: z.string() }),
  volume: z.object(onVolume),
  queue: z.object({
    ...onVolume,
    partnerId: z.string().optional(),
    limit,
  }),
  queueAct: z.object({ ...onVolume, entryId: z.number().int(), action: z.enum(['retry', 'hold', 'cancel']) }),
  deleted: z.object({
    ...onVolume,
    accountId: z.string(),
    since: z.number().exactOptional(),
    after: z.object({ deletedAt: z.number(), messageId: z.number() }).exactOptional(),
    limit,
  }),
  undelete: z.object({
    ...onVolume,
    accountId: z.string(),
    messageIds: z.array(z.number().int()).exactOptional(),
    since: z.number().exactOptional(),
    limit,
  }),
  moveAccount: z.object({
    ...onVolume,
    accountId: z.string(),
    email: z.string(),
    partnerId: z.string(),
    quotaBytes: z.number().int().min(0),
    step: z.enum(['look', 'prepare', 'hold', 'release', 'forget', 'admit', 'discard']),
    term: z.number().int(),
  }),
  backup: z.object(onVolume),
  backups: z.object(onVolume),
  repair: z.object(onVolume),
  restore: z.object({
    ...onVolume,
    // A directory's name below the node's own.
    backup: z.string().regex(/^[0-9TZ.-]{1,40}$/),
    source: z.string(),
    account: z.object({
      accountId: z.string(),
      email: z.string(),
      partnerId: z.string(),
      quotaBytes: z.number().int().min(0),
    }),
    mailbox: z.string().exactOptional(),
    messageId: z.number().int().exactOptional(),
    into: z.string().exactOptional(),
  }),
  tiering: z.object(onVolume),
  runTiering: z.object(onVolume),
  setTiering: z.object({
    ...onVolume,
    place: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('directory'), path: z.string().startsWith('/') }),
      z.object({
        ...{ kind: z.literal('s3'), endpoint: z.url({ protocol: /^https?$/ }), region: z.string().min(1) },
        ...{ bucket: z.string().min(1), prefix: z.string(), pathStyle: z.boolean(), credentials: z.string().min(1) },
      }),
    ]),
    rules: z.array(z.object({ afterMs: z.number().min(0), minBytes: z.number().min(0) })).max(100),
  }),
} satisfies Record<RpcMethod, z.ZodType>;

interface Desks {
  readonly steps: AccountSteps;
  readonly backups: BackupDesk;
  readonly tiers: TierDesk;
}

class RpcRefusal extends Error {
  constructor(
    readonly code: RpcErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** Answers the control plane's questions: JSON lines in any number, each answered when it is known. */
export function rpcLeg(
  find: Find,
  steps: AccountSteps,
  backups: BackupDesk,
  tiers: TierDesk,
  clock: Clock,
  logger: Logger,
): LegServer<PrefaceOf<'rpc'>> {
  const answer = async (line: string): Promise<RpcReply> => {
    const request = decodeRpcRequest(line);
    if (!request) return { id: 0, error: { code: 'UNKNOWN', text: 'not a request' } };
    try {
      return { id: request.id, result: await run(request, find, { steps, backups, tiers }, clock) };
    } catch (error) {
      return { id: request.id, error: describe(error, logger) };
    }
  };
  return {
    admit: () => ({ ok: true }),
    serve({ socket, first }) {
      if (first.length > 0) socket.unshift(first);
      const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', (line) => {
        if (line.length > RPC_LINE_BYTES_MAX) socket.destroy();
        else void answer(line).then((reply) => socket.writable && socket.write(encodeRpcLine(reply)));
      });
      // The reader tells on its input's errors: a caller that gave up must not end the node.
      lines.on('error', () => {});
      lines.on('close', () => socket.end());
    },
  };
}

async function run(
  request: { readonly method: string; readonly params: unknown },
  find: Find,
  { steps, backups, tiers }: Desks,
  clock: Clock,
): Promise<RpcMethods[RpcMethod]['result']> {
  const method = request.method as RpcMethod;
  switch (method) {
    case 'account': {
      const { store, params } = checked(PARAMS.account, request.params, find);
      const { usedBytes } = await store.account(systemContext('rpc'), params.accountId);
      return { usedBytes };
    }
    case 'volume': {
      const { store } = checked(PARAMS.volume, request.params, find);
      return { bytes: (await store.usageBytes()).reduce((sum, { bytes }) => sum + bytes, 0) };
    }
    case 'queue': {
      const { store, params } = checked(PARAMS.queue, request.params, find);
      const entries = await store.queueEntries({
        limit: params.limit,
        ...(params.partnerId === undefined ? {} : { partnerId: params.partnerId }),
      });
      return {
        entries: entries.map(({ size, blobId: _, parameters: __, ...entry }) => ({ ...entry, sizeBytes: size })),
      };
    }
    case 'queueAct': {
      const { store, params } = checked(PARAMS.queueAct, request.params, find);
      await store.queueUpdate(systemContext('rpc'), [updateOf(params, clock.now())]);
      return { done: true };
    }
    case 'deleted': {
      const { store, params } = checked(PARAMS.deleted, request.params, find);
      return listDeleted(store, params);
    }
    case 'undelete': {
      const { store, params } = checked(PARAMS.undelete, request.params, find);
      return undelete(store, params);
    }
    case 'moveAccount': {
      const { store, params } = checked(PARAMS.moveAccount, request.params, find);
      return steps.take(store, params);
    }
    case 'backup':
      return backups.begin(checked(PARAMS.backup, request.params, find).store);
    case 'backups':
      return backups.list(checked(PARAMS.backups, request.params, find).store);
    case 'repair':
      return backups.repair(checked(PARAMS.repair, request.params, find).store);
    case 'restore': {
      const { store, params } = checked(PARAMS.restore, request.params, find);
      return backups.restore(store, params);
    }
    case 'tiering':
      return tiers.status(checked(PARAMS.tiering, request.params, find).store);
    case 'runTiering':
      return tiers.run(checked(PARAMS.runTiering, request.params, find).store);
    case 'setTiering': {
      const { store, params } = checked(PARAMS.setTiering, request.params, find);
      return tiers.set(store, params);
    }
    default:
      throw new RpcRefusal('UNKNOWN', 'no such method');
  }
}

/** The request's own parameters and the volume they name. */
function checked<P extends { readonly volumeId: string; readonly epoch: number }>(
  schema: z.ZodType<P>,
  given: unknown,
  find: Find,
): { readonly store: MailStore; readonly params: P } {
  const parsed = schema.safeParse(given);
  if (!parsed.success) throw new RpcRefusal('UNKNOWN', z.prettifyError(parsed.error));
  const store = find(parsed.data.volumeId, parsed.data.epoch);
  if (!store)
    throw new RpcRefusal('STALE', `volume ${parsed.data.volumeId} is not served here at epoch ${parsed.data.epoch}`);
  return { store, params: parsed.data };
}

function updateOf({ entryId, action }: RpcMethods['queueAct']['params'], now: number): QueueUpdate {
  if (action === 'cancel') return { id: entryId, done: true };
  const status = action === 'hold' ? 'held' : 'queued';
  return { id: entryId, done: false, nextAttemptAt: now, lastError: `${action} asked for by an operator`, status };
}

const CODES: Partial<Record<MailStoreErrorCode, RpcErrorCode>> = {
  accountNotFound: 'UNKNOWN',
  stale: 'STALE',
  overQuota: 'FULL',
  modified: 'BUSY',
};

function describe(error: unknown, logger: Logger): { readonly code: RpcErrorCode; readonly text: string } {
  if (error instanceof RpcRefusal) return { code: error.code, text: error.message };
  if (error instanceof MailStoreError) return { code: CODES[error.code] ?? 'FAILED', text: error.code };
  logger.error({ error: error instanceof Error ? error.message : String(error) }, 'rpc failed');
  return { code: 'FAILED', text: 'internal error' };
}
