import {
  type HostedVolume,
  Mounter,
  runCommand,
  StillMountedError,
  type VolumeHost,
  VolumeIdentityError,
  VolumeLockedError,
} from '#cluster/agent';
import type { ColdTier, MountSpec, OpenOrder, StorageState } from '#cluster/api';
import type { MailStore } from '#mailstore/api';
import { createVolume, openVolume, proveLocks, VolumeOpenError } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { type Clock, type Logger, unreachable } from '#stdx';
import type { ColdStorages } from './cold-storages.ts';
import { StorageWatch } from './storage-watch.ts';

const FENCE_TIMEOUT_MS = 30_000;

/** An open mail store in the agent's care. */
export class NodeVolume implements HostedVolume {
  readonly failed: Promise<Error>;
  private closing: Promise<void> | undefined;

  constructor(
    readonly store: MailStore,
    /** Takes its storage from this machine; called once. */
    private readonly unmount: () => Promise<void>,
    private readonly watch: StorageWatch,
  ) {
    this.failed = store.failed;
  }

  writable(): boolean {
    return this.store.health().writable && this.watch.state?.trouble == null;
  }

  storageState(): StorageState | undefined {
    return this.watch.state;
  }

  close(): Promise<void> {
    this.watch.stop();
    this.closing ??= this.store.close().then(() =>
      this.unmount().catch((error: Error) => {
        throw new StillMountedError(error.message, { cause: error });
      }),
    );
    return this.closing;
  }
}

export interface VolumeHostSettings {
  readonly clusterId: string;
  /** Executables that may be run as a fence, by absolute path. */
  readonly fenceAllow: readonly string[];
  /** Executables that a `command` mount may name, by absolute path. */
  readonly mountAllow: readonly string[];
  readonly mountTimeoutMs: number;
  /** How often the storage of an open volume is looked at. */
  readonly storageLookMs: number;
}

/** What this machine does for volumes: mounts, and mail stores over their directories. */
export class LocalVolumeHost implements VolumeHost<NodeVolume> {
  private readonly mounter: Mounter;
  /** By directory. */
  private readonly mounts = new Map<string, MountSpec>();

  constructor(
    private readonly settings: VolumeHostSettings,
    private readonly coldStorages: ColdStorages,
    private readonly clock: Clock,
    private readonly logger: Logger,
    /** The storage of an open volume takes writes no more, or again. */
    private readonly changed: () => void = () => {},
  ) {
    const { mountAllow: allow, mountTimeoutMs: timeoutMs } = settings;
    this.mounter = new Mounter({ allow, timeoutMs }, clock, logger);
  }

  async mount(mount: MountSpec, create: boolean): Promise<string> {
    const directory = await this.mounter.mount(mount, create);
    this.mounts.set(directory, mount);
    return directory;
  }

  unmount(mount: MountSpec): Promise<void> {
    return this.mounter.unmount(mount);
  }

  async identify(directory: string, volumeId: string, create: boolean): Promise<void> {
    if (!create) return;
    try {
      // Storage whose locks do not hold would let two owners in; it never becomes a volume.
      await proveLocks(directory);
      await createVolume(directory, { volumeId, clusterId: this.settings.clusterId });
    } catch (error) {
      throw explained(error);
    }
  }

  async open(
    directory: string,
    { volumeId, epoch, featureLevel, cold }: Pick<OpenOrder, 'volumeId' | 'epoch' | 'featureLevel' | 'cold'>,
  ): Promise<NodeVolume> {
    const { clock, logger } = this;
    const { clusterId } = this.settings;
    try {
      const store = await openVolume({
        path: directory,
        clusterId,
        ...{ volumeId, epoch, featureLevel },
        clock,
        logger: logger.child({ volumeId, epoch }),
        parse: messageParser,
        ...(cold ? { cold: this.coldOf(cold) } : {}),
      });
      const mount = this.mounts.get(directory);
      const watch = new StorageWatch(directory, clock, this.settings.storageLookMs, this.changed);
      const unmount = async (): Promise<void> => {
        if (mount) await this.unmount(mount);
      };
      return new NodeVolume(store, unmount, watch);
    } catch (error) {
      throw explained(error);
    }
  }

  private coldOf({ place, rules }: ColdTier) {
    return { storage: this.coldStorages.of(place), rules, turns: this.coldStorages.turns };
  }

  /** Runs the volume's fence: only what this node's own settings allow, never through a shell. */
  async fence([executable, ...args]: readonly string[]): Promise<void> {
    if (executable === undefined || !this.settings.fenceAllow.includes(executable)) {
      throw new Error(`${executable} is not allowed as a fence on this node`);
    }
    await runCommand([executable, ...args], FENCE_TIMEOUT_MS, this.clock, this.logger);
  }
}

/** In the agent's words: what to wait for, what is the wrong directory, what failed. */
function explained(error: unknown): unknown {
  if (!(error instanceof VolumeOpenError)) return error;
  switch (error.code) {
    case 'locked':
      return new VolumeLockedError(error.message);
    case 'notAVolume':
    case 'otherVolume':
    case 'otherCluster':
    case 'formatUnknown':
    case 'locksUnreliable':
      return new VolumeIdentityError(error.message);
    case 'staleEpoch':
    case 'aborted':
      return error;
    default:
      return unreachable(error.code);
  }
}
