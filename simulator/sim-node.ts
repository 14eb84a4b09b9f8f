import { acknowledgeWhile, type HostedVolume, NodeAgent, type VolumeHost } from '#cluster/agent';
import type { NodeMember } from '#cluster/api';
import { type Deferred, deferred, type Logger, type Random, RELEASE } from '#stdx';
import { SimProcess } from './process.ts';
import type { Storage, StorageLock, StoredWrite } from './storage.ts';
import type { World } from './world.ts';

export const OWNER_LEASE_MS = 3_000;
const HEARTBEAT_MS = 250;
/** What NFSv4 clients are told to use (CLUSTER.md: 10–15 s). */
const STORAGE_LEASE_MS = 12_000;

/** A volume open in a node: writes take a while and are refused when the lock is gone. */
export class SimVolume implements HostedVolume {
  private readonly failure: Deferred<Error> = deferred();
  private closed = false;

  constructor(
    readonly lock: StorageLock,
    private readonly storage: Storage,
    private readonly process: SimProcess,
    private readonly random: Random,
  ) {}

  get failed(): Promise<Error> {
    return this.failure.promise;
  }

  writable(): boolean {
    return true;
  }

  /** Resolves when it is durable. A failure ends the volume, as a failed sync does. */
  async write(): Promise<StoredWrite> {
    await this.process.sleep(0.3 + this.random.fraction() * 20);
    if (this.closed) throw new Error('closed');
    try {
      return this.storage.write(this.lock);
    } catch (error) {
      this.failure.resolve(error as Error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.process.sleep(this.random.fraction() * 30);
    this.storage.unlock(this.lock);
  }
}

/** A machine with one node process and its watchdog. */
export class SimNode {
  process: SimProcess;
  agent: NodeAgent<SimVolume>;
  starts = 0;
  /** The whole machine stands still, watchdog and kernel too. */
  frozen = false;
  private beatAt = 0;

  constructor(
    readonly member: NodeMember,
    private readonly world: World,
    private readonly storage: Storage,
    private readonly random: Random,
    private readonly logger: Logger,
    /** Its process ended: every connection to it breaks. */
    private readonly onExit: (node: SimNode) => void,
    private readonly onNews: (node: SimNode) => void,
    private readonly ownerLeaseMs = OWNER_LEASE_MS,
  ) {
    this.process = new SimProcess(member.name, world);
    this.agent = this.start();
    this.watchdog();
  }

  get listening(): boolean {
    return this.process.alive;
  }

  start(): NodeAgent<SimVolume> {
    this.starts++;
    const { world, storage, random } = this;
    const process = new SimProcess(`${this.member.name}#${this.starts}`, world);
    this.process = process;
    this.beatAt = world.now;
    const host: VolumeHost<SimVolume> = {
      mount: async () => {
        await process.sleep(random.fraction() * 10);
        return '/volume';
      },
      unmount: async () => {},
      identify: () => process.sleep(random.fraction() * 2),
      open: async (_directory, { volumeId, epoch }) => {
        const lock = storage.lock(volumeId, epoch, process);
        await process.sleep(2 + random.fraction() * 60);
        return new SimVolume(lock, storage, process, random);
      },
      fence: async () => {},
    };
    this.agent = new NodeAgent(
      { instance: process.name, release: RELEASE, ownerLeaseMs: this.ownerLeaseMs },
      host,
      {
        serving() {},
        ending: () => process.sleep(random.fraction() * 20),
        lost() {},
        changed: () => {
          if (this.process === process && process.alive) this.onNews(this);
        },
      },
      process,
      this.logger,
    );
    const { agent } = this;
    // What the worker proves to its watchdog: that its loop turns and its leases hold.
    process.every(HEARTBEAT_MS, () => {
      if (agent.leasesHold()) this.beatAt = world.now;
    });
    return agent;
  }

  kill(): void {
    if (!this.process.alive) return;
    const { process } = this;
    process.kill();
    // The kernel frees locks and closes connections as it buries the process.
    this.world.in(this.random.fraction() * 5, () => this.storage.freeAll(process));
    this.world.in(this.random.fraction() * 5, () => this.onExit(this));
  }

  /** The machine stands still; the storage gives up on it after its own lease. */
  freeze(): void {
    if (this.frozen) return;
    this.frozen = true;
    const { process } = this;
    process.stop();
    this.world.in(STORAGE_LEASE_MS, () => {
      if (this.frozen && this.process === process) this.storage.freeAll(process);
    });
  }

  thaw(): void {
    if (!this.frozen) return;
    this.frozen = false;
    this.process.resume();
  }

  private watchdog(): void {
    this.world.in(HEARTBEAT_MS, () => {
      this.watchdog();
      if (this.frozen || !this.process.alive) return;
      if (this.world.now - this.beatAt > this.ownerLeaseMs) this.kill();
    });
  }
}

/** What a data session of the node does with one write: the same gate as in production. */
export async function serveWrite(node: SimNode, volumeId: string, epoch: number): Promise<StoredWrite> {
  const { agent } = node;
  const volume = agent.use(volumeId, epoch);
  if (typeof volume === 'string') throw new Error(volume);
  const gated = acknowledgeWhile(
    volume,
    () => agent.mayAcknowledge(volumeId, epoch),
    () => new Error('unavailable'),
  );
  return gated.write();
}
