import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ClusterEvent, NodeMember, Volume } from '#cluster/api';
import { ControlClient } from '#cluster/control';
import { HubCoordinator } from '#cluster/coordinator';
import { type ClusterRecord, createCluster, PostgresClusterState } from '#cluster/postgres';
import { Database } from '#database';
import { freePort } from '#embedded';
import { openVolume } from '#mailstore/volume';
import { decodePrefaceReply, encodePreface, encodeRouteParameter } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { LmtpPool } from '#relay';
import { RELEASE, silentLogger, systemClock, systemContext, systemRandom } from '#stdx';
import { TestAuthority, temporaryDirectory, testDatabase, testServices, until } from '#testing';
import { MembershipFile, type MemberTrust } from '#trust';

const WATCHDOG = fileURLToPath(new URL('./watchdog.js', import.meta.url));
const PARTNER_ID = '00000000-0000-4000-8000-0000000000aa';
const ACCOUNT = { accountId: '00000000-0000-4000-8000-0000000000ac', email: 'ann@example.test', partnerId: PARTNER_ID };

/** A node as a process of its own, watchdog and all; hubs reach its control port over a wire that can be cut. */
export class NodeProcess {
  readonly lines: Record<string, unknown>[] = [];
  pid = 0;
  private child: ChildProcess | undefined;

  constructor(
    readonly member: NodeMember,
    readonly wire: Wire,
    readonly dataPort: number,
    private readonly environment: Record<string, string>,
  ) {}

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [WATCHDOG], {
      env: { ...process.env, NODE_NO_WARNINGS: '1', ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    this.lines.length = 0;
    createInterface({ input: child.stderr }).on('line', (line) => {
      try {
        this.lines.push(JSON.parse(line) as Record<string, unknown>);
      } catch {
        this.lines.push({ msg: line });
      }
    });
    const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    this.pid = (JSON.parse(line) as { worker: number }).worker;
    await until(`${this.member.name} to be up`, () => this.said('node up'), 20_000);
  }

  said(message: string): Record<string, unknown> | undefined {
    return this.lines.find(({ msg }) => typeof msg === 'string' && msg.includes(message));
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async stop(): Promise<void> {
    if (!this.child || !this.running) return;
    const gone = once(this.child, 'exit');
    try {
      process.kill(this.pid, 'SIGCONT');
    } catch {
      // Gone between the look and the signal.
    }
    this.child.kill('SIGTERM');
    const timer = systemClock.after(5_000, () => this.child?.kill('SIGKILL'));
    await gone;
    timer.cancel();
  }
}

/** A TCP proxy: cut, it carries nothing either way and closes nothing, as a pulled cable does. */
export class Wire {
  cut = false;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer({ pauseOnConnect: true }, (near) => this.join(near));

  constructor(private readonly targetPort: number) {}

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as { port: number }).port;
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private join(near: Socket): void {
    const far = connect({ port: this.targetPort, host: '127.0.0.1', noDelay: true });
    const carry = (from: Socket, to: Socket): void => {
      this.sockets.add(from);
      from.on('error', () => {});
      from.on('data', (chunk) => void (this.cut || to.write(chunk)));
      from.on('close', () => {
        this.sockets.delete(from);
        if (!this.cut) to.destroy();
      });
    };
    far.on('error', () => near.resetAndDestroy());
    far.once('connect', () => {
      carry(near, far);
      carry(far, near);
      near.resume();
    });
  }
}

export interface Testbed extends AsyncDisposable {
  readonly state: PostgresClusterState;
  readonly database: Database;
  readonly nodes: readonly NodeProcess[];
  readonly volumes: readonly Volume[];
  readonly hubs: readonly HubCoordinator[];
  volume(index: number): Promise<Volume>;
  ownerOf(index: number): Promise<NodeProcess>;
  served(): Promise<boolean>;
  events(): Promise<readonly ClusterEvent[]>;
  /** Delivers one message to the volume's present owner; resolves with the reply's code. Rejects when nobody answers. */
  deliver(index: number, subject: string, to?: { readonly node: NodeProcess; readonly epoch: number }): Promise<number>;
  /** Stops every node and reads what the volume holds: subjects, in order of arrival. */
  subjects(index: number): Promise<readonly string[]>;
}

/** `wires`: hubs reach nodes through proxies that can be cut, but that also hide whether a process is gone. */
export async function testbed(options: { nodes: number; volumes: number; wires?: boolean }): Promise<Testbed> {
  const directory = temporaryDirectory();
  const scratch = await testDatabase();
  const database = new Database({ url: scratch.url });
  await database.query(`INSERT INTO partner (id, slug, name) VALUES ($1, 'operator', 'Operator')`, [PARTNER_ID]);
  const cluster = await createCluster(database, { partnerId: PARTNER_ID, name: 'faults' }, systemRandom);
  const state = new PostgresClusterState(cluster.id, database, scratch.url, systemClock, silentLogger);
  const authority = await TestAuthority.create(cluster.id);
  const nodes: NodeProcess[] = [];
  for (let i = 1; i <= options.nodes; i++) {
    const stateDirectory = join(directory.path, `node-${i}`);
    nodes.push(await makeNode({ state, cluster, authority, stateDirectory }, `node-${i}`, options.wires ?? false));
  }
  const volumes: Volume[] = [];
  for (let i = 0; i < options.volumes; i++) {
    const mount = { driver: 'local' as const, path: join(directory.path, `volume-${i}`), args: [] };
    const preferredNodeId = nodes[i]?.member.id ?? null;
    volumes.push(
      await state.addVolume({
        name: `volume-${i}`,
        mount,
        volumeClass: 'standard',
        weight: 1,
        preferredNodeId,
        fence: null,
      }),
    );
  }
  const controls: ControlClient[] = [];
  const trusts = new Map<string, MemberTrust>();
  for (const name of ['hub-1', 'hub-2']) trusts.set(name, await authority.member('hub', systemRandom.uuid()));
  const hubs = [...trusts].map(([name, trust]) => {
    const relay = { host: '127.0.0.1', port: 9 };
    const hubId = trust.self.memberId;
    const control = new ControlClient({ trust, name, relay }, systemClock, silentLogger);
    controls.push(control);
    return new HubCoordinator(
      { hub: { id: hubId, name, relay, ...RELEASE } },
      { state, control, clock: systemClock, random: systemRandom, logger: silentLogger },
    );
  });
  await Promise.all(nodes.map((node) => node.start()));
  for (const hub of hubs) hub.start();
  const sender = await authority.member('hub', 'sender');
  const bed = new Bed({ state, database, cluster, sender, nodes, volumes, hubs });
  await until('every volume to be served', () => bed.served(), 20_000);
  return Object.assign(bed, {
    async [Symbol.asyncDispose]() {
      await Promise.all(hubs.map((hub) => hub.stop()));
      for (const control of controls) control.end();
      await Promise.all(nodes.map((node) => node.stop()));
      for (const { wire } of nodes) wire.close();
      await state.close();
      await database.close();
      await scratch[Symbol.asyncDispose]();
      directory[Symbol.dispose]();
    },
  });
}

interface NodeGround {
  readonly state: PostgresClusterState;
  readonly cluster: ClusterRecord;
  readonly authority: TestAuthority;
  readonly stateDirectory: string;
}

/** As if it had joined before. */
async function makeNode(
  { state, cluster, authority, stateDirectory }: NodeGround,
  name: string,
  wired: boolean,
): Promise<NodeProcess> {
  const [controlPort, dataPort, statusPort] = [await freePort(), await freePort(), await freePort()];
  const wire = new Wire(controlPort);
  const member = await state.addNode({
    name,
    control: { host: '127.0.0.1', port: wired ? await wire.listen() : controlPort },
    data: { host: '127.0.0.1', port: dataPort },
    weight: 1,
    eligible: true,
  });
  await new MembershipFile(stateDirectory).write({
    ...(await authority.credentials('node', member.id)),
    clusterId: cluster.id,
    role: 'node',
    memberId: member.id,
    name,
    signingKey: cluster.key.toString('hex'),
    renewal: { host: '127.0.0.1', port: 9 },
    services: {},
  });
  return new NodeProcess(member, wire, dataPort, {
    ROOKERY_NODE_NAME: name,
    ROOKERY_STATE_DIR: stateDirectory,
    ROOKERY_CONTROL_PORT: String(controlPort),
    ROOKERY_DATA_PORT: String(dataPort),
    ROOKERY_STATUS_PORT: String(statusPort),
    REDIS_URL: testServices().redisUrl,
  });
}

class Bed {
  readonly state: PostgresClusterState;
  readonly database: Database;
  readonly nodes: readonly NodeProcess[];
  readonly volumes: readonly Volume[];
  readonly hubs: readonly HubCoordinator[];
  private readonly cluster: ClusterRecord;
  private readonly sender: MemberTrust;

  constructor(
    parts: Pick<Bed, 'state' | 'database' | 'nodes' | 'volumes' | 'hubs'> & {
      cluster: ClusterRecord;
      sender: MemberTrust;
    },
  ) {
    this.state = parts.state;
    this.database = parts.database;
    this.nodes = parts.nodes;
    this.volumes = parts.volumes;
    this.hubs = parts.hubs;
    this.cluster = parts.cluster;
    this.sender = parts.sender;
  }

  async volume(index: number): Promise<Volume> {
    const { volumes } = await this.state.snapshot();
    return volumes.find(({ id }) => id === this.volumes[index]?.id)!;
  }

  async ownerOf(index: number): Promise<NodeProcess> {
    const { ownerNodeId } = await this.volume(index);
    return this.nodes.find(({ member }) => member.id === ownerNodeId)!;
  }

  async served(): Promise<boolean> {
    return (await this.state.snapshot()).volumes.every(({ state }) => state === 'serving');
  }

  events(): Promise<readonly ClusterEvent[]> {
    return this.state.events({ limit: 1_000 });
  }

  async deliver(
    index: number,
    subject: string,
    to?: { readonly node: NodeProcess; readonly epoch: number },
  ): Promise<number> {
    const { id: volumeId, epoch, ownerNodeId } = await this.volume(index);
    const node = to?.node ?? this.nodes.find(({ member }) => member.id === ownerNodeId)!;
    const route = encodeRouteParameter({ ...ACCOUNT, quotaBytes: 0, volumeId, epoch: to?.epoch ?? epoch });
    const pool = new LmtpPool({
      connect: () => this.leg(node),
      clientName: 'hub.test',
      clock: systemClock,
      connectionsMax: 1,
    });
    try {
      const { recipients } = await pool.send({
        reversePath: 'sender@example.test',
        recipients: [{ forwardPath: ACCOUNT.email, parameters: new Map([['ROUTE', route]]) }],
        body: Buffer.from(`Subject: ${subject}\r\n\r\nhello\r\n`),
      });
      const [first] = recipients;
      return (first?.final ?? first?.rcpt)?.code ?? 0;
    } finally {
      pool.close();
    }
  }

  async subjects(index: number): Promise<readonly string[]> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    const { id: volumeId, epoch, mount } = await this.volume(index);
    const store = await openVolume({
      path: mount.path,
      volumeId,
      clusterId: this.cluster.id,
      epoch: epoch + 1_000,
      clock: systemClock,
      logger: silentLogger,
      parse: messageParser,
      lockWaitMs: 5_000,
    });
    try {
      const context = systemContext('test');
      const { id: mailboxId } = await store.mailbox(context, ACCOUNT.accountId, 'INBOX');
      const ref = { accountId: ACCOUNT.accountId, mailboxId };
      const all = [{ first: 1, last: Number.POSITIVE_INFINITY }];
      const found: string[] = [];
      for await (const batch of store.messages(context, ref, all, { envelope: true }))
        for (const { envelope } of batch) found.push(envelope?.subject ?? '');
      return found;
    } finally {
      await store.close();
    }
  }

  private async leg({ member, dataPort: port }: NodeProcess): Promise<Socket> {
    const socket = this.sender.connect({ role: 'node', memberId: member.id, host: '127.0.0.1', port });
    await once(socket, 'secureConnect');
    socket.write(
      encodePreface({ kind: 'lmtp', hub: 'hub-1', issuedAt: Date.now(), nonce: systemRandom.uuid() }, this.cluster.key),
    );
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.pause();
    const end = chunk.indexOf('\n');
    const reply = decodePrefaceReply(chunk.toString('latin1', 0, end).trim());
    if (!reply.ok) throw new Error(reply.text);
    socket.unshift(chunk.subarray(end + 1));
    return socket;
  }
}
