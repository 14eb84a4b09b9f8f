import {
  defaultMailStoreLimits,
  type MailStore,
  type MailStoreLimits,
  type MessageParserFactory,
} from '#mailstore/api';
import { type Clock, type Logger, RELEASE } from '#stdx';
import type { ColdPlace } from './cold/cold-tier.ts';
import { nodeFiles, type VolumeFiles } from './files.ts';
import { assertIdentity, indexPath, segmentsDirectory } from './identity.ts';
import { takeStorageLock } from './lock.ts';
import { closeOpenSegments } from './recovery.ts';
import { openIndex, stepsAt } from './schema.ts';
import { defaultVolumeSettings, type VolumeSettings } from './settings.ts';
import { VolumeEngine } from './volume-engine.ts';
import { VolumeMailStore } from './volume-mail-store.ts';

/** Stages of opening, in order, for the cluster's event log. */
export type OpenStep = 'identity' | 'lock' | 'index' | 'recovery';

export interface OpenVolumeOptions {
  /** Directory of the volume, mounted. */
  readonly path: string;
  readonly volumeId: string;
  readonly clusterId: string;
  /** The owner's epoch; refused when the volume has seen a higher one. */
  readonly epoch: number;
  /** The cluster's: its format goes no further than every member can read. Default what this program knows. */
  readonly featureLevel?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** `messageParser` of `#protocol/message`. */
  readonly parse: MessageParserFactory;
  readonly limits?: Partial<MailStoreLimits>;
  readonly settings?: Partial<VolumeSettings>;
  /** Where old mail goes, and which. Without it what is cold already cannot be read. */
  readonly cold?: ColdPlace;
  /** How long to wait for another process to release the storage lock. Default 0. */
  readonly lockWaitMs?: number;
  /** Ends the wait for the lock. */
  readonly signal?: AbortSignal;
  /** Told each step as it ends, with its duration. */
  readonly onStep?: (step: OpenStep, durationMs: number) => void;
  /** The files of segments and of the WAL; tests give ones that forget. Default: the file system. */
  readonly files?: VolumeFiles;
}

/**
 * Opens a volume as its owner: identity, storage lock, index, recovery. Rejects `VolumeOpenError`. It never makes one of an
 * empty directory, since that is what a mount that failed looks like; `createVolume` does.
 */
export async function openVolume(options: OpenVolumeOptions): Promise<MailStore> {
  const { path, epoch, clock, logger, signal, lockWaitMs = 0, files = nodeFiles } = options;
  const { volumeId, clusterId } = options;
  const step = stepper(options);
  const identity = { volumeId, clusterId };
  assertIdentity(path, identity);
  step('identity');
  const lock = await takeStorageLock({ path, epoch, clock, waitMs: lockWaitMs, ...(signal ? { signal } : {}) });
  try {
    step('lock');
    // Again, now that nobody else can change it.
    assertIdentity(path, identity);
    const settings = { ...defaultVolumeSettings, ...options.settings };
    const limits = { ...defaultMailStoreLimits, ...options.limits };
    const steps = stepsAt(options.featureLevel ?? RELEASE.features.newest);
    const index = openIndex(indexPath(path), settings.cacheBytes, steps);
    step('index');
    try {
      const directory = segmentsDirectory(path);
      // From here on every sync is ours: see `Wal`.
      index.exec('PRAGMA synchronous = OFF');
      const leftOpen = await closeOpenSegments(index, files, directory, logger);
      // A file of its own, so holding or closing it leaves the locks on index.db alone.
      const walFile = await files.open(`${indexPath(path)}-wal`, 'update');
      // Closed only when SQLite has closed its own descriptor: the lock on index.db goes with the first that is closed.
      const indexFile = await files.open(indexPath(path), 'update');
      await files.syncDirectory(path);
      const parts = {
        volumeId,
        epoch,
        lock,
        index,
        walFile,
        indexFile,
        files,
        clock,
        logger,
        limits,
        settings,
        leftOpen,
        cold: options.cold,
      };
      const engine = new VolumeEngine({ ...parts, segmentsDirectory: directory, parse: options.parse });
      step('recovery');
      engine.resume();
      return new VolumeMailStore(volumeId, epoch, engine);
    } catch (error) {
      index.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

function stepper({ clock, onStep }: OpenVolumeOptions): (step: OpenStep) => void {
  let begun = clock.monotonic();
  return (step) => {
    const now = clock.monotonic();
    onStep?.(step, now - begun);
    begun = now;
  };
}
