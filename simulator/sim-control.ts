import {
  type CloseOrder,
  type ControlledNode,
  type LeaseGrant,
  type NodeControl,
  type NodeControlListener,
  type NodeMember,
  type NodeReport,
  NodeUnreachableError,
  type OpenOrder,
  type OpenReport,
} from '#cluster/api';
import type { Random } from '#stdx';
import type { Network } from './network.ts';
import type { SimProcess } from './process.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** One connection: from its first use until the process at the other end dies, or it is given up. */
interface Connection {
  readonly process: SimProcess;
  broken: boolean;
  /** Bytes of one connection arrive in the order they were sent. */
  toNodeAt: number;
  toHubAt: number;
  readonly waiting: Set<(error: NodeUnreachableError) => void>;
}

/** How long nothing may be answered before the production client makes the connection anew. */
const SILENCE_MS_MAX = 5_000;
/** Share of orders that arrive a second time, whenever. */
const DOUBLED = 0.02;
const DOUBLED_WITHIN_MS = 8_000;

/** The hub's end of the control protocol over the simulated network: ordered within a connection, and nothing else promised. */
export class SimControl implements NodeControl {
  private readonly connections = new Map<string, Connection>();
  private readonly listeners = new Set<NodeControlListener>();

  constructor(
    private readonly hub: SimProcess,
    private readonly nodes: ReadonlyMap<string, SimNode>,
    private readonly network: Network,
    private readonly world: World,
    private readonly random: Random,
    private readonly onGrant: (node: SimNode, grant: LeaseGrant) => void,
  ) {}

  probe(node: NodeMember): Promise<NodeReport> {
    return this.ask(node, (agent) => Promise.resolve(agent.report()));
  }

  renew(node: NodeMember, grant: LeaseGrant): void {
    const connection = this.connections.get(node.id);
    if (!connection || connection.broken) return;
    // A grant may be heard again, long after: its stamp says until when it counts.
    this.maybeTwice(node.id, (agent, there) => {
      this.onGrant(there, grant);
      agent.renew(grant);
    });
    this.send(node.id, connection, (there) => {
      this.onGrant(there, grant);
      there.agent.renew(grant);
    });
  }

  open(node: NodeMember, order: OpenOrder): Promise<OpenReport> {
    this.maybeTwice(node.id, (agent) => agent.open(order));
    return this.ask(node, (agent, there) => {
      this.onGrant(there, { instance: order.instance, stamp: order.stamp, volumes: [order] });
      return agent.open(order);
    });
  }

  close(node: NodeMember, order: CloseOrder): Promise<void> {
    this.maybeTwice(node.id, (agent) => agent.close(order));
    return this.ask(node, (agent) => agent.close(order));
  }

  watch(listener: NodeControlListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  forget(nodeId: string): void {
    this.break(nodeId);
  }

  /** The process at the other end is gone. Its machine answers for it, if anything of it gets through. */
  exited(node: SimNode): void {
    const connection = this.connections.get(node.member.id);
    if (!connection) return;
    if (!this.network.open(node.member.name, this.hub.name) || node.frozen) return;
    this.world.in(this.network.latency(), () =>
      this.hub.deliver(() => {
        this.break(node.member.id);
        if (node.process.alive) return;
        for (const listener of this.listeners) listener.refused(node.member.id);
      }),
    );
  }

  /** The node's agent has news. */
  announced(node: SimNode): void {
    const connection = this.connections.get(node.member.id);
    if (!connection || connection.broken || connection.process !== node.process) return;
    const report = node.agent.report();
    this.answer(node, connection, () => {
      for (const listener of this.listeners) listener.reported(node.member.id, report);
    });
  }

  private ask<T>(node: NodeMember, question: (agent: ControlledNode, there: SimNode) => Promise<T>): Promise<T> {
    const there = this.nodes.get(node.id);
    if (!there) return Promise.reject(new NodeUnreachableError('silent'));
    const connection = this.connect(there);
    if (typeof connection === 'string') return Promise.reject(new NodeUnreachableError(connection));
    return new Promise<T>((resolve, reject) => {
      const fail = (error: NodeUnreachableError): void => {
        connection.waiting.delete(fail);
        reject(error);
      };
      connection.waiting.add(fail);
      const silence = this.hub.after(SILENCE_MS_MAX, () => {
        if (connection.waiting.has(fail) && this.connections.get(node.id) === connection) this.break(node.id);
      });
      this.send(node.id, connection, (target) => {
        void question(target.agent, target).then((answer) =>
          this.answer(target, connection, () => {
            if (!connection.waiting.delete(fail)) return;
            silence.cancel();
            resolve(answer);
          }),
        );
      });
    });
  }

  private connect(there: SimNode): Connection | 'refused' | 'silent' {
    const known = this.connections.get(there.member.id);
    if (known && !known.broken) return known;
    if (there.frozen || !this.network.open(this.hub.name, there.member.name)) return 'silent';
    if (!there.listening) return 'refused';
    const { now } = this.world;
    const made: Connection = { process: there.process, broken: false, toNodeAt: now, toHubAt: now, waiting: new Set() };
    this.connections.set(there.member.id, made);
    return made;
  }

  /** TCP: in order, and held back, not lost, while the wire is cut. */
  private send(nodeId: string, connection: Connection, run: (node: SimNode) => void): void {
    const node = this.nodes.get(nodeId);
    if (!node) return;
    connection.toNodeAt = Math.max(connection.toNodeAt, this.world.now + this.network.latency());
    this.network.carry(this.hub.name, node.member.name, connection.toNodeAt, () => {
      if (connection.broken || connection.process !== node.process) return;
      node.process.deliver(() => run(node));
    });
  }

  private answer(node: SimNode, connection: Connection, run: () => void): void {
    connection.toHubAt = Math.max(connection.toHubAt, this.world.now + this.network.latency());
    this.network.carry(node.member.name, this.hub.name, connection.toHubAt, () => {
      if (!connection.broken) this.hub.deliver(run);
    });
  }

  /** An order may be heard again later, by this process or the next. */
  private maybeTwice(nodeId: string, order: (agent: ControlledNode, there: SimNode) => unknown): void {
    if (this.random.fraction() >= DOUBLED) return;
    this.world.in(this.random.fraction() * DOUBLED_WITHIN_MS, () => {
      const node = this.nodes.get(nodeId);
      node?.process.deliver(() => void order(node.agent, node));
    });
  }

  private break(nodeId: string): void {
    const connection = this.connections.get(nodeId);
    this.connections.delete(nodeId);
    if (!connection) return;
    connection.broken = true;
    for (const fail of [...connection.waiting]) fail(new NodeUnreachableError('silent', 'the connection ended'));
  }
}
