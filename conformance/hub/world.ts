import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { MemoryClusterState } from '#cluster/memory';
import { MemoryDirectory } from '#directory/memory';
import {
  AccountLedger,
  type AccountLimits,
  Authenticator,
  CachedDirectory,
  ConnectionLedger,
  DEFAULT_AUTHENTICATOR_LIMITS,
  DEFAULT_MAIL_LIMITS,
  DEFAULT_SESSION_FRONT_SETTINGS,
  Dispatcher,
  FrontListener,
  type HubCredentials,
  imap,
  MailFrontDoor,
  type MailRole,
  type MailServices,
  managesieve,
  NodeCarriers,
  NodeLanes,
  pop3,
  RelayPort,
  RouteFile,
  RoutingMap,
  SaslSignIn,
  SessionFront,
  type SessionFrontSettings,
  SessionLegs,
  type SessionProtocol,
  silentBulletin,
  storedCertificate,
  tlsServerOptions,
} from '#frontdoor';
import type { MailStore } from '#mailstore/api';
import { SmtpSession } from '#server/smtp';
import {
  collect,
  type Logger,
  type Result,
  seededRandom,
  silentLogger,
  systemClock,
  systemContext,
  systemRandom,
} from '#stdx';
import { ImapTestClient, Pop3TestClient, TestAuthority, temporaryDirectory } from '#testing';
import type { MemberTrust } from '#trust';
import { CLUSTER_KEY, TestNode } from './nodes.ts';

const CHEAP = { memoryKiB: 64, passes: 1, lanes: 1, scramIterations: 4_096 };
const system = systemContext('test');
const granted = <T>(result: Result<T, unknown>): T => {
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
};
export const passwordOf = (email: string): string => `${email} pass`;

export interface HubWorldOptions {
  readonly accounts?: AccountLimits;
  readonly imap?: Partial<SessionFrontSettings>;
  readonly pop3?: Partial<SessionFrontSettings>;
  readonly managesieve?: Partial<SessionFrontSettings>;
  readonly mailWaitMs?: number;
  readonly logger?: Logger;
}

/** A hub's front door in this process, in front of two real nodes with a real volume each. */
export async function hubWorld(options: HubWorldOptions = {}) {
  const disk = temporaryDirectory();
  const random = seededRandom(11);
  const logger = options.logger ?? silentLogger;
  const state = new MemoryClusterState(random.uuid(), random.uuid(), systemClock, random);
  const authority = await TestAuthority.create(state.clusterId);
  // Both under one name: which is meant, its port says.
  const nodeTrust = await authority.member('node', 'node');
  const hubTrust = await authority.member('hub', 'hub1');
  const nodes = [
    await TestNode.start(disk.path, state.clusterId, nodeTrust),
    await TestNode.start(disk.path, state.clusterId, nodeTrust),
  ] as const;
  const cluster = await ownership(state, nodes);
  const people = await directoryOf(state, cluster.volumes, random);

  const directory = new CachedDirectory(people.lookup, systemClock);
  const limits = { ...DEFAULT_AUTHENTICATOR_LIMITS, delayMs: 0 };
  const authenticator = new Authenticator(directory, systemClock, systemRandom, logger, silentBulletin, limits);
  const routes = new RoutingMap(state, new RouteFile(join(disk.path, 'routes.json'), logger), systemClock, logger);
  await routes.start();
  const hub: HubCredentials = {
    name: 'hub1',
    key: CLUSTER_KEY,
    connect: ({ endpoint }, onread) => hubTrust.connect({ role: 'node', memberId: 'node', ...endpoint }, onread),
  };
  const lanes = new NodeLanes(hub, systemClock, systemRandom);
  const dispatcher = new Dispatcher(routes, lanes, systemClock, logger, options.mailWaitMs ?? 10_000, (account) =>
    directory.routeAnew(account),
  );
  const certificates = await storedCertificate(
    join(disk.path, 'tls'),
    ['localhost'],
    systemClock,
    systemRandom,
    logger,
  );
  const accounts = new AccountLedger(silentBulletin, systemClock, options.accounts);
  const sasl = new SaslSignIn(authenticator, systemRandom, Buffer.from('decoys'));
  const services: MailServices = {
    directory,
    sasl,
    accounts,
    dispatcher,
    clock: systemClock,
    random: systemRandom,
    logger,
  };
  const carriers = new NodeCarriers(hub, systemClock, systemRandom, logger);
  const legs = new SessionLegs(routes, carriers, systemClock, logger);
  const fronting = (protocol: SessionProtocol, settings: Partial<SessionFrontSettings> = {}): SessionFront =>
    new SessionFront(
      protocol,
      { directory, authenticator, sasl, accounts, legs, certificates, clock: systemClock },
      logger,
      {
        ...{ ...DEFAULT_SESSION_FRONT_SETTINGS, hostname: 'hub.test', plainLogin: true },
        ...settings,
      },
    );
  const front = fronting(imap, options.imap);
  const pop3Front = fronting(pop3, options.pop3);
  const sieveFront = fronting(managesieve, options.managesieve);
  const ports = await listen(
    { imap: front, pop3: pop3Front, managesieve: sieveFront },
    services,
    certificates,
    hubTrust,
    logger,
  );
  const clients: Socket[] = [];
  const open = (port: number, tls = false): Socket => {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
      : connect(port, '127.0.0.1');
    clients.push(socket.on('error', () => {}));
    return socket;
  };

  return {
    ...cluster,
    ...people,
    nodes,
    nodeTrust,
    routes,
    lanes,
    carriers,
    front,
    pop3Front,
    sieveFront,
    ports,
    directory,
    open,
    /** A client that has read the greeting. */
    async imap(tls = false): Promise<ImapTestClient> {
      const client = new ImapTestClient(open(tls ? ports.imaps : ports.imap, tls));
      await client.response();
      return client;
    },
    /** A submission connection whose greeting has been read; its lines are all that is used of the client. */
    async smtp(): Promise<ImapTestClient> {
      const client = new ImapTestClient(open(ports.submission));
      await client.line();
      return client;
    },
    async signedIn(email: string): Promise<ImapTestClient> {
      const client = await this.imap();
      await client.ok(`LOGIN ${email} "${passwordOf(email)}"`);
      return client;
    },
    /** The same for POP3. */
    async pop3(tls = false): Promise<Pop3TestClient> {
      const client = new Pop3TestClient(open(tls ? ports.pop3s : ports.pop3, tls));
      await client.line();
      return client;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of clients) socket.destroy();
      ports.close();
      lanes.close();
      carriers.close();
      await routes.stop();
      for (const node of nodes) await node.kill();
      disk[Symbol.dispose]();
    },
  };
}

export type HubWorld = Awaited<ReturnType<typeof hubWorld>>;

/** Who owns which volume: node 1 the first, node 2 the second. */
async function ownership(state: MemoryClusterState, nodes: readonly [TestNode, TestNode]) {
  const lease = await state.acquireLeadership('hub', 3_600_000);
  assert.ok(lease);
  const member = (name: string, data: TestNode['endpoint']) =>
    state.addNode({ name, control: data, data, weight: 1, eligible: true });
  const members = [await member('node1', nodes[0].endpoint), await member('node2', nodes[1].endpoint)] as const;
  const add = (name: string) =>
    state.addVolume({
      name,
      mount: { driver: 'local', path: name, args: [] },
      volumeClass: 'standard',
      weight: 1,
      preferredNodeId: null,
      fence: null,
    });
  const volumes = [await add('a'), await add('b')] as const;
  /** The leader gives the volume to a node, which opens it and serves. */
  const give = async (volume: 0 | 1, node: 0 | 1): Promise<MailStore> => {
    const { id } = volumes[volume];
    const from = (await state.routes()).find((route) => route.volumeId === id)!.epoch;
    const epoch = await state.assignVolume(lease.epoch, id, from, members[node].id);
    assert.ok(epoch);
    const store = await nodes[node].open(id, epoch);
    assert.ok(await state.setVolumeState(lease.epoch, id, epoch, 'serving'));
    return store;
  };
  await give(0, 0);
  await give(1, 1);
  return { state, lease, volumes, give };
}

/** Alice and Carol live on the first volume, Bob on the second. */
async function directoryOf(
  state: MemoryClusterState,
  volumes: readonly [{ readonly id: string }, { readonly id: string }],
  random: ReturnType<typeof seededRandom>,
) {
  const { registry, lookup } = new MemoryDirectory({
    clusters: [{ id: state.clusterId, partnerId: null, shared: true }],
    volumes: volumes.map(({ id }) => ({ id, clusterId: state.clusterId, volumeClass: 'standard', weight: 1 })),
    clock: systemClock,
    random,
    passwordCost: CHEAP,
  });
  const partner = granted(await registry.createPartner(system, { slug: 'acme', name: 'Acme' }));
  granted(await registry.createDomain(system, { partnerId: partner.id, name: 'acme.test' }));
  const account = async (email: string, volume: 0 | 1, quotaBytes = 0) =>
    granted(
      await registry.createAccount(system, {
        email,
        password: passwordOf(email),
        quotaBytes,
        volumeId: volumes[volume].id,
      }),
    );
  const alice = await account('alice@acme.test', 0);
  const bob = await account('bob@acme.test', 1);
  const carol = await account('carol@acme.test', 0, 2_000);
  const alias = async (email: string, targets: string[]) =>
    granted(await registry.createAlias(system, { email, targets }));
  await alias('team@acme.test', ['alice@acme.test', 'bob@acme.test']);
  await alias('out@acme.test', ['someone@elsewhere.test']);
  return { registry, lookup, system, partner, alice, bob, carol };
}

async function listen(
  fronts: Readonly<Record<'imap' | 'pop3' | 'managesieve', SessionFront>>,
  services: MailServices,
  certificates: Awaited<ReturnType<typeof storedCertificate>>,
  trust: MemberTrust,
  logger: Logger,
) {
  const ledger = new ConnectionLedger(silentBulletin, systemClock);
  const doors = (role: MailRole): MailFrontDoor =>
    new MailFrontDoor(
      { role, hostname: 'hub.test', postmaster: 'alice@acme.test', limits: DEFAULT_MAIL_LIMITS },
      services,
    );
  let sessions = 0;
  const smtp = (role: MailRole) => {
    const backend = doors(role);
    return (socket: Socket, client: { readonly address: string; readonly port: number }): void => {
      new SmtpSession(socket, {
        mode: role === 'mx' ? 'smtp' : role === 'relay' ? 'lmtp' : 'submission',
        backend,
        hostname: 'hub.test',
        clock: systemClock,
        logger,
        peer: { sessionId: `s${++sessions}`, ...client },
        tls: () => certificates.contextFor(),
        plainAuth: true,
        innerParameters: role === 'relay',
        limits: { errorsMax: 100 },
      });
    };
  };
  const refuse = (socket: Socket): void => {
    socket.destroy();
  };
  let connections = 0;
  const into =
    (front: SessionFront) =>
    (socket: Socket, { address }: { readonly address: string }): void =>
      front.accept(socket, { address, sessionId: `i${++connections}` });
  const tls = tlsServerOptions(certificates);
  const listeners = {
    mx: new FrontListener({ ledger, serve: smtp('mx'), refuse }),
    submission: new FrontListener({ ledger, serve: smtp('submission'), refuse }),
    imap: new FrontListener({ ledger, serve: into(fronts.imap), refuse }),
    imaps: new FrontListener({ ledger, serve: into(fronts.imap), refuse, tls }),
    pop3: new FrontListener({ ledger, serve: into(fronts.pop3), refuse }),
    pop3s: new FrontListener({ ledger, serve: into(fronts.pop3), refuse, tls }),
    managesieve: new FrontListener({ ledger, serve: into(fronts.managesieve), refuse }),
    relay: new RelayPort(trust, CLUSTER_KEY, systemClock, logger, smtp('relay')),
  };
  return {
    mx: await listeners.mx.listen('127.0.0.1', 0),
    submission: await listeners.submission.listen('127.0.0.1', 0),
    imap: await listeners.imap.listen('127.0.0.1', 0),
    imaps: await listeners.imaps.listen('127.0.0.1', 0),
    pop3: await listeners.pop3.listen('127.0.0.1', 0),
    pop3s: await listeners.pop3s.listen('127.0.0.1', 0),
    managesieve: await listeners.managesieve.listen('127.0.0.1', 0),
    relay: await listeners.relay.listen('127.0.0.1', 0),
    close() {
      for (const listener of Object.values(listeners)) listener.close();
      listeners.relay.destroy();
    },
  };
}

/** Every message in an account's inbox, oldest first; none for an account the volume has not seen. */
export async function inbox(store: MailStore, accountId: string): Promise<string[]> {
  const texts: string[] = [];
  if (!(await accountsOf(store)).has(accountId)) return texts;
  const { id: mailboxId } = await store.mailbox(system, accountId, 'INBOX');
  const ref = { accountId, mailboxId };
  const all = [{ first: 1, last: 0xffff_ffff }];
  for await (const batch of store.messages(system, ref, all, {}))
    for (const { blobId } of batch) texts.push((await collect(store.read(blobId), 1 << 28)).toString('latin1'));
  return texts;
}

async function accountsOf(store: MailStore): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const batch of store.accounts(system)) for (const { accountId } of batch) ids.add(accountId);
  return ids;
}
