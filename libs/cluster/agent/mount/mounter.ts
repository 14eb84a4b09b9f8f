import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import type { MountSpec } from '#cluster/api';
import type { Clock, Logger } from '#stdx';
import { MountError } from '../volume-host.ts';
import { type Command, MountArgumentError, type MountPlan, mountPlan } from './drivers.ts';
import { type Mounted, mountedAt } from './mount-table.ts';
import { runCommand } from './run-command.ts';

export interface MounterSettings {
  /** Executables that `command` mounts may name, by absolute path. */
  readonly allow: readonly string[];
  /** How long one mount or unmount may take; default 30,000: what a network file system needs to find its server gone. */
  readonly timeoutMs?: number;
  /** Tries of a mount, and of an unmount that is busy; default 3. */
  readonly attempts?: number;
  /** Between tries; default 500. */
  readonly retryMs?: number;
}

const TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;
const RETRY_MS = 500;

/** Brings volumes' storage to this machine and away again. */
export class Mounter {
  private readonly timeoutMs: number;
  private readonly attempts: number;
  private readonly retryMs: number;

  constructor(
    private readonly settings: MounterSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly run: typeof runCommand = runCommand,
    private readonly readTable: () => Promise<string> = () => readFile('/proc/self/mountinfo', 'utf8'),
  ) {
    this.timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
    this.attempts = settings.attempts ?? ATTEMPTS;
    this.retryMs = settings.retryMs ?? RETRY_MS;
  }

  /** Resolves with the volume's directory; does nothing when it is mounted already. Throws `MountError`. */
  async mount(mount: MountSpec, create: boolean): Promise<string> {
    const { driver, path } = mount;
    const plan = this.planOf(mount);
    if (!plan) {
      if (!existsSync(path) && !create) throw new MountError(`${path} is not there: is its storage mounted?`);
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    }
    if (await this.isThere(path, plan)) return path;
    await mkdir(path, { recursive: true, mode: 0o700 });
    await this.trying('mount', path, () => this.command(plan.mount));
    if (await this.isThere(path, plan)) return path;
    if (driver === 'command') return path;
    throw new MountError(`${path}: mount said it was done, and nothing is mounted there`);
  }

  /** Does nothing where nothing is mounted. Throws `MountError`, with who keeps it when it is busy. */
  async unmount(mount: MountSpec): Promise<void> {
    const plan = this.planOf(mount);
    if (!plan) return;
    const there = mount.driver === 'command' || (await this.isThere(mount.path, plan));
    if (there) await this.trying('unmount', mount.path, () => this.command(plan.unmount));
  }

  private planOf(mount: MountSpec): MountPlan | undefined {
    try {
      const plan = mountPlan(mount);
      const [executable = ''] = mount.args;
      if (mount.driver === 'command' && !this.settings.allow.includes(executable))
        throw new MountError(`${executable} is not allowed for mounts on this node (ROOKERY_MOUNT_ALLOW)`);
      return plan;
    } catch (error) {
      if (error instanceof MountArgumentError) throw new MountError(error.message, { cause: error });
      throw error;
    }
  }

  /** Throws when something else is mounted at the path: mail must not be written beside it. */
  private async isThere(path: string, { types, source }: MountPlan): Promise<boolean> {
    const mounted = mountedAt(await this.readTable(), path);
    if (!mounted) return false;
    const right = (!types || types.includes(mounted.type)) && (source === undefined || source === mounted.source);
    if (!right) throw new MountError(`${path} is taken: ${describe(mounted)} is mounted there`);
    return true;
  }

  private command(command: Command): Promise<string> {
    return this.run(command, this.timeoutMs, this.clock, this.logger);
  }

  private async trying(what: 'mount' | 'unmount', path: string, work: () => Promise<unknown>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await work();
        return;
      } catch (error) {
        const { message } = error as Error;
        if (attempt < this.attempts) {
          this.logger.warn({ path, attempt, error: message }, `${what} failed; trying again`);
          await this.clock.sleep(this.retryMs);
          continue;
        }
        throw new MountError(`${what} of ${path} failed ${attempt} times: ${message}`, { cause: error });
      }
    }
  }
}

const describe = ({ type, source }: Mounted): string => `${source} (${type})`;
