import type { ClusterState, HeldVolume, VolumeHealth } from '#cluster/api';
import type { ClusterView } from './cluster-view.ts';
import type { NodeWatch } from './node-watch.ts';
import type { Term } from './term.ts';

/** The leader writes down how volumes' storage is: what changed, and a disk's fill by the percent. */
export class HealthDuty {
  /** Volume → what was last written by this process, with its epoch. */
  private readonly written = new Map<string, string>();

  constructor(
    private readonly state: ClusterState,
    private readonly view: ClusterView,
    private readonly watch: NodeWatch,
    private readonly term: Term,
  ) {}

  async settle(): Promise<void> {
    const found: ({ readonly volumeId: string; readonly epoch: number } & VolumeHealth)[] = [];
    const signs = new Map<string, string>();
    for (const { id: volumeId, epoch, ownerNodeId } of this.view.all()) {
      const held = ownerNodeId === null ? undefined : this.watch.held(ownerNodeId, volumeId);
      if (held?.epoch !== epoch || held.state !== 'serving') continue;
      const sign = `${epoch} ${signOf(held)}`;
      if (this.written.get(volumeId) === sign) continue;
      signs.set(volumeId, sign);
      found.push({ volumeId, epoch, writable: held.writable, storage: held.storage ?? null });
    }
    if (found.length === 0) return;
    if (!(await this.term.write((leader) => this.state.recordHealth(leader, found)))) return;
    for (const [volumeId, sign] of signs) this.written.set(volumeId, sign);
  }
}

const signOf = ({ writable, storage }: HeldVolume): string =>
  storage
    ? `${writable} ${storage.trouble} ${storage.diskBytes} ${Math.floor((100 * storage.diskFreeBytes) / storage.diskBytes)}`
    : `${writable}`;
