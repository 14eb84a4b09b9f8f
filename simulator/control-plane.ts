import { type ClusterState, ClusterStateUnavailableError } from '#cluster/api';
import type { MemoryClusterState } from '#cluster/memory';
import type { Random } from '#stdx';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

export const CONTROL_PLANE = 'postgres';

/** The simulated PostgreSQL: one state, its own outages, and a road to it for each hub. */
export class ControlPlane {
  /**
   * `refusing`: says no at once. `hanging`: takes questions and never answers. `losingReplies`: does the work, its answer is
   * lost. `deaf`: answers, and notifies nobody.
   */
  trouble: 'none' | 'refusing' | 'hanging' | 'losingReplies' | 'deaf' = 'none';

  constructor(
    readonly state: MemoryClusterState,
    private readonly network: Network,
    private readonly world: World,
    private readonly random: Random,
  ) {}

  /** The state as a hub's process reaches it. */
  from(process: SimProcess): ClusterState {
    const plane = this;
    return new Proxy<ClusterState>(this.state, {
      get(state, property) {
        const value: unknown = Reflect.get(state, property, state);
        if (typeof value !== 'function') return value;
        if (property === 'watch') return (listener: () => void) => plane.watch(process, listener);
        return (...args: unknown[]) => plane.ask(process, () => Reflect.apply(value, state, args));
      },
    });
  }

  private ask(process: SimProcess, question: () => Promise<unknown>): Promise<unknown> {
    const { world, network } = this;
    const away = new ClusterStateUnavailableError('the control plane does not answer');
    return new Promise((resolve, reject) => {
      // A connection that cannot be used is found out late, by the caller's own deadline.
      if (!network.open(process.name, CONTROL_PLANE)) return;
      world.in(this.delay(), () => {
        if (this.trouble === 'hanging') return;
        if (this.trouble === 'refusing') {
          process.deliver(() => reject(away));
          return;
        }
        // The question runs in the server, whatever becomes of its asker.
        question().then(
          (answer) => this.answer(process, () => resolve(answer)),
          (error: Error) => this.answer(process, () => reject(error)),
        );
      });
    });
  }

  private answer(process: SimProcess, run: () => void): void {
    if (this.trouble === 'losingReplies' && this.random.fraction() < 0.5) return;
    this.world.in(this.delay(), () => {
      if (this.network.open(CONTROL_PLANE, process.name)) process.deliver(run);
    });
  }

  /** Notifications may be late and may be lost; they are never wrong. */
  private watch(process: SimProcess, listener: () => void): () => void {
    return this.state.watch(() => {
      if (this.trouble !== 'none' || !this.network.open(CONTROL_PLANE, process.name)) return;
      if (this.random.fraction() < 0.05) return;
      this.world.in(this.delay(), () => process.deliver(listener));
    });
  }

  private delay(): number {
    return (this.random.fraction() < 0.01 ? this.random.fraction() * 200 : 0) + this.network.latency();
  }
}
