import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { type HostedVolume, MountError, type VolumeHost, VolumeIdentityError, VolumeLockedError } from '#cluster/agent';
import type { MountSpec } from '#cluster/api';
import type { MailStore } from '#mailstore/api';
import { createVolume, openVolume, proveLocks, VolumeOpenError } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { type Clock, type Logger, unreachable } from '#stdx';

const FENCE_TIMEOUT_MS = 30_000;
const run = promisify(execFile);

/** An open mail store in the agent's care. */
export class NodeVolume implements HostedVolume {
  readonly failed: Promise<Error>;

  constructor(readonly store: MailStore) {
    this.failed = store.failed;
  }

  writable(): boolean {
    return this.store.health().writable;
  }

  close(): Promise<void> {
    return this.store.close();
  }
}

export interface VolumeHostSettings {
  readonly clusterId: string;
  /** Executables that may be run as a fence, by absolute path. */
  readonly fenceAllow: readonly string[];
}

/** What this machine does for volumes: the `local` mount driver, and mail stores over its directories. */
export class LocalVolumeHost implements VolumeHost<NodeVolume> {
  constructor(
    private readonly settings: VolumeHostSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** `local` mounts nothing: the directory is on storage that this machine has already. */
  async mount({ driver, path }: MountSpec, create: boolean): Promise<string> {
    if (driver !== 'local') throw new MountError(`this node has no mount driver ${driver}`);
    if (!isAbsolute(path)) throw new MountError(`${path} is not an absolute path`);
    if (existsSync(path)) return path;
    if (!create) throw new MountError(`${path} is not there: is its storage mounted?`);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
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

  async open(directory: string, volume: { readonly volumeId: string; readonly epoch: number }): Promise<NodeVolume> {
    const { clock, logger } = this;
    const { clusterId } = this.settings;
    try {
      return new NodeVolume(
        await openVolume({
          path: directory,
          clusterId,
          ...volume,
          clock,
          logger: logger.child(volume),
          parse: messageParser,
        }),
      );
    } catch (error) {
      throw explained(error);
    }
  }

  /** Runs the volume's fence: only what this node's own settings allow, never through a shell. */
  async fence([executable, ...args]: readonly string[]): Promise<void> {
    if (executable === undefined || !this.settings.fenceAllow.includes(executable)) {
      throw new Error(`${executable} is not allowed as a fence on this node`);
    }
    const { stdout, stderr } = await run(executable, args, { timeout: FENCE_TIMEOUT_MS });
    this.logger.warn({ executable, stdout, stderr }, 'fence run');
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
