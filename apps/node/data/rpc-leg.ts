import { createInterface } from 'node:readline';
import { z } from 'zod';
import { type MailStore, MailStoreError } from '#mailstore/api';
import { type Clock, type Logger, systemContext } from '#stdx';
import type { LegServer } from './data-server.ts';

const LINE_BYTES_MAX = 65_536;
const volume = { volumeId: z.string(), epoch: z.number().int().optional() };

const request = z.discriminatedUnion('method', [
  z.object({ method: z.literal('account'), params: z.object({ ...volume, accountId: z.string() }) }),
  z.object({ method: z.literal('volume'), params: z.object(volume) }),
  z.object({
    method: z.literal('queueList'),
    params: z.object({
      ...volume,
      partnerId: z.string().optional(),
      after: z.number().optional(),
      limit: z.number().int().min(1).max(500).default(50),
    }),
  }),
  z.object({ method: z.literal('queueRetry'), params: z.object({ ...volume, id: z.number() }) }),
  z.object({ method: z.literal('queueHold'), params: z.object({ ...volume, id: z.number() }) }),
  z.object({ method: z.literal('queueCancel'), params: z.object({ ...volume, id: z.number() }) }),
]);
type RpcRequest = z.infer<typeof request>;

export type RpcError = 'badRequest' | 'stale' | 'notFound' | 'unavailable';

class RpcRefusal extends Error {
  constructor(
    readonly code: RpcError,
    message: string,
  ) {
    super(message);
  }
}

/**
 * The control plane's questions to a node: JSON lines `{ id, method, params }` → `{ id, result }` or
 * `{ id, error: { code, message } }`. `find` gives an open volume; without an epoch, whichever is current here.
 */
export function rpcLeg(
  find: (volumeId: string, epoch: number | undefined) => MailStore | undefined,
  clock: Clock,
  logger: Logger,
): LegServer<'rpc'> {
  const answer = async (line: string): Promise<string> => {
    let id: unknown = null;
    try {
      const parsed: unknown = JSON.parse(line);
      id = (parsed as { id?: unknown }).id ?? null;
      const accepted = request.safeParse(parsed);
      if (!accepted.success) throw new RpcRefusal('badRequest', z.prettifyError(accepted.error));
      return JSON.stringify({ id, result: await run(accepted.data, find, clock) });
    } catch (error) {
      return JSON.stringify({ id, error: describe(error, logger) });
    }
  };
  return {
    admit: () => ({ ok: true }),
    serve({ socket, first }) {
      if (first.length > 0) socket.unshift(first);
      const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
      lines.on('line', (line) => {
        if (line.length > LINE_BYTES_MAX) socket.destroy();
        else void answer(line).then((reply) => socket.writable && socket.write(`${reply}\n`));
      });
      lines.on('close', () => socket.end());
    },
  };
}

async function run(
  { method, params }: RpcRequest,
  find: (volumeId: string, epoch: number | undefined) => MailStore | undefined,
  clock: Clock,
): Promise<unknown> {
  const store = find(params.volumeId, params.epoch);
  if (!store) throw new RpcRefusal('stale', `volume ${params.volumeId} is not served here`);
  const context = systemContext('rpc');
  switch (method) {
    case 'account':
      return store.account(context, params.accountId);
    case 'volume':
      return { ...store.health(), epoch: store.epoch, bytes: await store.usageBytes() };
    case 'queueList': {
      const { partnerId, after, limit } = params;
      return store.queueEntries({
        limit,
        ...(partnerId === undefined ? {} : { partnerId }),
        ...(after === undefined ? {} : { after }),
      });
    }
    case 'queueRetry':
      return store.queueUpdate(context, [
        {
          id: params.id,
          done: false,
          nextAttemptAt: clock.now(),
          lastError: 'retry asked for by an operator',
          status: 'queued',
        },
      ]);
    case 'queueHold':
      return store.queueUpdate(context, [
        { id: params.id, done: false, nextAttemptAt: clock.now(), lastError: 'held by an operator', status: 'held' },
      ]);
    case 'queueCancel':
      return store.queueUpdate(context, [{ id: params.id, done: true }]);
  }
}

function describe(error: unknown, logger: Logger): { readonly code: RpcError; readonly message: string } {
  if (error instanceof RpcRefusal) return { code: error.code, message: error.message };
  if (error instanceof SyntaxError) return { code: 'badRequest', message: 'not a line of JSON' };
  if (error instanceof MailStoreError) {
    return {
      code: error.code === 'accountNotFound' ? 'notFound' : error.code === 'stale' ? 'stale' : 'unavailable',
      message: error.code,
    };
  }
  logger.error({ error }, 'rpc failed');
  return { code: 'unavailable', message: 'internal error' };
}
