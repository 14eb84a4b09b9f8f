import { readFileSync, writeSync } from 'node:fs';
import type { MailStore } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { seededRandom, silentLogger, systemClock, systemContext } from '#stdx';
import { openVolume } from '../open-volume.ts';
import { chooseOperation } from './choose.ts';
import { COLD_SETTINGS, coldPlaceOf } from './cold-place.ts';
import { AccountModel, LARGE_BYTES, type ModelState } from './model.ts';
import { perform } from './perform.ts';

/** Lines the writer prints, each in one write, so that a kill cuts none that matters in two. */
export type WriterLine =
  | { readonly line: 'ready' }
  /** About to do it. */
  | { readonly line: 'begin'; readonly account: string; readonly operation: Parameters<AccountModel['apply']>[0] }
  /** The store answered. */
  | {
      readonly line: 'done';
      readonly account: string;
      readonly modSeq: number;
      readonly compacted: number;
      readonly tiered: number;
    }
  /** Something went wrong that is no crash. */
  | { readonly line: 'fault'; readonly message: string };

/** What the writer is started with, as JSON in a file. */
export interface WriterOrders {
  readonly path: string;
  readonly coldPath: string;
  readonly epoch: number;
  readonly seed: number;
  readonly accounts: readonly (readonly [string, ModelState])[];
}

const context = systemContext('crash');
const say = (line: WriterLine): void => void writeSync(1, `${JSON.stringify(line)}\n`);

async function write(store: MailStore, accountId: string, model: AccountModel, orders: WriterOrders): Promise<void> {
  let seed = orders.seed;
  for (const character of accountId) seed = (seed * 31 + character.charCodeAt(0)) >>> 0;
  const random = seededRandom(seed);
  let serial = 0;
  for (;;) {
    const operation = chooseOperation(model, random, () => `${accountId}-${orders.epoch}-${serial++}`);
    say({ line: 'begin', account: accountId, operation });
    await perform(store, accountId, model, operation);
    model.apply(operation);
    const { modSeq } = await store.account(context, accountId);
    const { compactedSegments: compacted, tieredMessages: tiered } = store.health().upkeep;
    say({ line: 'done', account: accountId, modSeq, compacted, tiered });
  }
}

const orders: WriterOrders = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
try {
  const store = await openVolume({
    ...{ path: orders.path, volumeId: 'crash', clusterId: 'crash', epoch: orders.epoch },
    ...{
      clock: systemClock,
      logger: silentLogger,
      parse: () => messageParser(),
      lockWaitMs: 2_000,
      limits: { deletedKeepMs: 100 },
    },
    cold: coldPlaceOf(orders.coldPath),
    // Small, so that large messages, new segments, write-backs of the log and compactions all happen under the knife.
    settings: {
      ...{ largeMessageBytes: LARGE_BYTES, segmentBytesMax: 60_000, walFramesMax: 200, walIdleMs: 20 },
      ...{ upkeepIntervalMs: 5, upkeepBytesPerSecond: Infinity, bulkMessagesMax: 20, markedMessagesMax: 20 },
      ...COLD_SETTINGS,
    },
  });
  say({ line: 'ready' });
  const work = orders.accounts.map(([account, state]) => write(store, account, AccountModel.of(state), orders));
  const failure = store.failed.then((error) => Promise.reject(error));
  await Promise.race([Promise.all(work), failure]);
} catch (error) {
  say({ line: 'fault', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.exit(1);
}
