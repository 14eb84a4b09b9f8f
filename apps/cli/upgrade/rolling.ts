import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type ClusterStatus, type Hub, type Node, ROUTES } from '#api-schema';
import type { Client } from '../client.ts';
import { RefusedError, UnreachableError } from '../failure.ts';
import { hindrance, planOf, type UpgradeStep } from './plan.ts';

export interface RollingOptions {
  readonly cluster: string;
  readonly version: string;
  /** Members by name; all when absent. */
  readonly only: ReadonlySet<string> | undefined;
  /** Passes over what is a risk and not an impossibility. */
  readonly force: boolean;
  /** Executable that replaces a member's program and starts it again, called with its role, name and the version. */
  readonly hook: string | undefined;
  /** How long one step may wait. */
  readonly patienceMs: number;
  readonly say: (line: string) => void;
}

const ASK_EVERY_MS = 300;

/**
 * Member by member. All it knows it reads from the cluster, so that broken off it goes on where it was: a member that is
 * already the version is done, and one that is drained meanwhile is let take volumes again.
 */
export class RollingUpgrade {
  private said = '';

  constructor(
    private readonly client: Client,
    private readonly options: RollingOptions,
  ) {}

  async run(): Promise<readonly UpgradeStep[]> {
    const { version, only } = this.options;
    const done: UpgradeStep[] = [];
    await this.undrainFinished(await this.status());
    for (;;) {
      const left = planOf(await this.status(), version, only);
      const [step] = left;
      if (!step) return done;
      this.options.say(`${step.name} (${step.role}), ${step.from || 'unknown'} → ${version}; ${left.length} left`);
      await this.mayBegin(step);
      await this.take(step);
      done.push(step);
    }
  }

  private async take(step: UpgradeStep): Promise<void> {
    const { hook, version } = this.options;
    if (step.role === 'node') await this.empty(step.name);
    if (hook === undefined) this.tell(`  now install ${version} for ${step.name} and start it again; waiting for it`);
    else await this.call(hook, step);
    await this.wait(`${step.name} to be back with ${version}`, (status) => {
      const member = memberOf(status, step);
      if (!member || isUp(member.state))
        this.tell(`  ${step.name} is ${member?.version ?? 'gone'}, not ${version} yet`);
      else this.tell(`  ${step.name} is ${member.state}`);
      return member !== undefined && isUp(member.state) && member.version === version;
    });
    this.tell(`  ${step.name} is ${version}`);
    if (step.role === 'node') await this.drain(step.name, false);
    await this.wait('the cluster to be whole', isWhole);
  }

  /** Waits for what passes by itself; refuses what does not. */
  private async mayBegin(step: UpgradeStep): Promise<void> {
    let last: ReturnType<typeof hindrance>;
    const whole = (status: ClusterStatus): boolean => {
      last = hindrance(status, step);
      if (last?.risk && this.options.force) last = undefined;
      if (last?.risk)
        throw new RefusedError(`${step.name}: ${last.why}. --force goes on all the same.`, { why: last.why });
      if (last) this.tell(`  waiting: ${last.why}`);
      return last === undefined;
    };
    await this.wait(`${step.name}'s turn`, whole);
  }

  private async empty(node: string): Promise<void> {
    const at = (status: ClusterStatus): Node | undefined => status.nodes.find(({ name }) => name === node);
    const now = at(await this.status());
    // One that is on its way already, or broken, has nothing to give.
    if (!now || !isUp(now.state) || now.load.volumes === 0) return;
    await this.drain(node, true);
    await this.wait(`${node} to be empty`, (status) => {
      const volumes = at(status)?.load.volumes ?? 0;
      const moving = status.volumes.some(({ state, owner }) => owner !== null && state !== 'serving');
      if (volumes > 0) this.tell(`  ${node}: ${volumes} volumes to move away`);
      return volumes === 0 && !moving;
    });
  }

  private async undrainFinished({ nodes }: ClusterStatus): Promise<void> {
    for (const { name, version, draining } of nodes)
      if (draining && version === this.options.version) {
        this.options.say(`${name} is ${version} and drained: it may take volumes again`);
        await this.drain(name, false);
      }
  }

  private async drain(node: string, drain: boolean): Promise<void> {
    const params = { cluster: this.options.cluster, node };
    await this.client.call(ROUTES.drainNode, { params, query: undefined, body: { drain } });
  }

  private async call(hook: string, { role, name }: UpgradeStep): Promise<void> {
    this.tell(`  ${hook} ${role} ${name} ${this.options.version}`);
    const child = spawn(hook, [role, name, this.options.version], { stdio: ['ignore', 'ignore', 'inherit'] });
    const [code] = (await once(child, 'exit').catch((error: Error) => {
      throw new RefusedError(`${hook} could not be run: ${error.message}`, { hook });
    })) as [number | null];
    if (code !== 0) throw new RefusedError(`${hook} ended with ${code} for ${name}; run this again to go on`, { hook });
  }

  private async wait(what: string, holds: (status: ClusterStatus) => boolean): Promise<void> {
    const until = performance.now() + this.options.patienceMs;
    for (;;) {
      // The API may be away for a moment, and the database too.
      const status = await this.status().catch((error: unknown) => {
        if (!(error instanceof UnreachableError)) throw error;
        return undefined;
      });
      if (status && holds(status)) return;
      if (performance.now() > until) throw new UnreachableError(`gave up waiting for ${what}; run this again to go on`);
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
  }

  private status(): Promise<ClusterStatus> {
    const params = { cluster: this.options.cluster };
    return this.client.call(ROUTES.showClusterStatus, { params, query: undefined, body: undefined });
  }

  /** Each line once, however often it is true. */
  private tell(line: string): void {
    if (line !== this.said) this.options.say(line);
    this.said = line;
  }
}

const isUp = (state: (Hub | Node)['state']): boolean => state !== 'down' && state !== 'stopped' && state !== 'fenced';

const memberOf = ({ hubs, nodes }: ClusterStatus, { role, name }: UpgradeStep): Hub | Node | undefined =>
  (role === 'hub' ? hubs : nodes).find((member) => member.name === name);

const isWhole = ({ hubs, volumes }: ClusterStatus): boolean =>
  hubs.some(({ leader }) => leader) && volumes.every(({ state, owner }) => owner === null || state === 'serving');
