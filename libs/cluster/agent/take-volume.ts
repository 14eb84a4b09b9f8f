import type { OpenOrder, OpenRefusal, OpenReport, OpenStep } from '#cluster/api';
import type { Clock, Logger } from '#stdx';
import {
  type HostedVolume,
  MountError,
  type VolumeHost,
  VolumeIdentityError,
  VolumeLockedError,
} from './volume-host.ts';

/** How often the storage lock is tried: well under a planned switchover's 300 ms. */
const LOCK_RETRY_MS = 15;
/** A fence that failed is tried again, but not in a frenzy. */
const FENCE_RETRY_MS = 5_000;

/** Why the attempt must end; it is asked between steps. */
export interface Interruption {
  readonly refusal: OpenRefusal;
  readonly reason: string;
}

export type TakeOutcome<V> = { readonly report: OpenReport; readonly volume?: V };

/**
 * The road from an order to an open volume: mount, identify, lock (with patience, then the fence, then more patience),
 * open. It never ends by giving up on the lock: only `interrupted` ends the wait, because whoever gave the order may
 * take it back, while a volume nobody tries to open stays closed.
 */
export async function takeVolume<V extends HostedVolume>(
  host: VolumeHost<V>,
  order: OpenOrder,
  interrupted: () => Interruption | undefined,
  clock: Clock,
  logger: Logger,
): Promise<TakeOutcome<V>> {
  const steps: OpenStep[] = [];
  const refuse = (refusal: OpenRefusal, reason: string): TakeOutcome<V> => ({
    report: { ok: false, refusal, reason, steps },
  });
  const timed = async <T>(step: OpenStep['step'], work: () => Promise<T>): Promise<T> => {
    const start = clock.monotonic();
    try {
      return await work();
    } finally {
      steps.push({ step, durationMs: clock.monotonic() - start });
    }
  };
  const stopHere = (): TakeOutcome<V> | undefined => {
    const why = interrupted();
    return why && refuse(why.refusal, why.reason);
  };

  let outcome: TakeOutcome<V> | undefined;
  try {
    const directory = await timed('mount', () => host.mount(order.mount, order.create));
    await timed('identify', () => host.identify(directory, order.volumeId, order.create));
    const waitingSince = clock.monotonic();
    let fenceAt = order.fence ? waitingSince + order.lockWaitMs : Number.POSITIVE_INFINITY;
    for (let tries = 1; ; tries++) {
      const stop = stopHere();
      if (stop) return (outcome = stop);
      const start = clock.monotonic();
      try {
        const volume = await host.open(directory, order);
        steps.push({ step: 'lock', durationMs: start - waitingSince });
        steps.push({ step: 'open', durationMs: clock.monotonic() - start });
        return (outcome = { report: { ok: true, steps }, volume });
      } catch (error) {
        if (!(error instanceof VolumeLockedError)) throw error;
        if (tries === 1)
          logger.warn(
            { volumeId: order.volumeId, epoch: order.epoch },
            'another process holds the storage lock; waiting',
          );
      }
      if (order.fence && clock.monotonic() >= fenceAt) {
        fenceAt = clock.monotonic() + FENCE_RETRY_MS;
        await timed('fence', () => runFence(host, order.fence ?? [], order.volumeId, logger));
      } else await clock.sleep(LOCK_RETRY_MS);
    }
  } catch (error) {
    return refuse(refusalOf(error), error instanceof Error ? error.message : String(error));
  } finally {
    if (!outcome?.volume) await leave(host, order, logger);
  }
}

/** Storage that was mounted for nothing may be wanted elsewhere. */
async function leave<V extends HostedVolume>(host: VolumeHost<V>, order: OpenOrder, logger: Logger): Promise<void> {
  try {
    await host.unmount(order.mount);
  } catch (error) {
    logger.error({ volumeId: order.volumeId, error: (error as Error).message }, 'its storage could not be unmounted');
  }
}

async function runFence<V extends HostedVolume>(
  host: VolumeHost<V>,
  command: readonly string[],
  volumeId: string,
  logger: Logger,
): Promise<void> {
  logger.warn({ volumeId, command: command[0] }, 'the storage lock is still held at the deadline; fencing its holder');
  try {
    await host.fence(command);
  } catch (error) {
    logger.error({ volumeId, error: (error as Error).message }, 'the fence failed');
  }
}

function refusalOf(error: unknown): OpenRefusal {
  if (error instanceof MountError) return 'mountFailed';
  if (error instanceof VolumeIdentityError) return 'wrongIdentity';
  return 'openFailed';
}
