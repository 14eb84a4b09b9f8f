import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MemoryClusterState } from '#cluster/memory';
import { MemoryDirectory } from '#directory/memory';
import {
  AccountLedger,
  Authenticator,
  CachedDirectory,
  ConnectionLedger,
  DEFAULT_SESSION_FRONT_SETTINGS,
  FrontListener,
  type HubCredentials,
  imap,
  NodeCarriers,
  RouteFile,
  RoutingMap,
  SaslSignIn,
  SessionFront,
  SessionLegs,
  silentBulletin,
  storedCertificate,
  tlsServerOptions,
} from '#frontdoor';
import { present, silentLogger, systemClock, systemContext, systemRandom } from '#stdx';
import { type MemberCredentials, MemberTrust } from '#trust';

// A hub's IMAP front in a process of its own, before a node at NODE-PORT, with USERS accounts whose passwords are hashed at
// the full cost. Arguments: NODE-PORT USERS DIRECTORY. Prints its two ports, plain and TLS.
const [, , nodePort = '0', users = '0', directory = ''] = process.argv;
const system = systemContext('bench');
const key = Buffer.alloc(32, 7);

const state = new MemoryClusterState(systemRandom.uuid(), systemRandom.uuid(), systemClock, systemRandom);
const lease = present(await state.acquireLeadership('hub', 3_600_000), 'lease');
const endpoint = { host: '127.0.0.1', port: Number(nodePort) };
const node = await state.addNode({ name: 'n', control: endpoint, data: endpoint, weight: 1, eligible: true });
const volume = await state.addVolume({
  name: 'v',
  mount: { driver: 'local', path: '/v', args: [] },
  volumeClass: 'standard',
  weight: 1,
  preferredNodeId: null,
  fence: null,
});
const epoch = present(await state.assignVolume(lease.epoch, volume.id, 0, node.id), 'epoch');
await state.setVolumeState(lease.epoch, volume.id, epoch, 'serving');

const people = new MemoryDirectory({
  clusters: [{ id: state.clusterId, partnerId: null, shared: true }],
  volumes: [{ id: volume.id, clusterId: state.clusterId, volumeClass: 'standard', weight: 1 }],
  clock: systemClock,
  random: systemRandom,
});
const partner = await people.registry.createPartner(system, { slug: 'bench', name: 'Bench' });
if (!partner.ok) throw new Error(partner.error.code);
await people.registry.createDomain(system, { partnerId: partner.value.id, name: 'bench.test' });
for (let i = 0; i < Number(users); i++)
  await people.registry.createAccount(system, { email: `u${i}@bench.test`, password: `password ${i}` });

const cached = new CachedDirectory(people.lookup, systemClock);
const routes = new RoutingMap(
  state,
  new RouteFile(join(directory, 'routes.json'), silentLogger),
  systemClock,
  silentLogger,
);
await routes.start();
const own = JSON.parse(readFileSync(join(directory, 'hub.json'), 'utf8')) as MemberCredentials;
const trust = new MemberTrust(own, systemClock, silentLogger);
const hub: HubCredentials = {
  name: 'hub',
  key,
  connect: ({ endpoint: to }, onread) => trust.connect({ role: 'node', memberId: 'node', ...to }, onread),
};
const carriers = new NodeCarriers(hub, systemClock, systemRandom, silentLogger);
const certificates = await storedCertificate(
  join(directory, 'tls'),
  ['localhost'],
  systemClock,
  systemRandom,
  silentLogger,
);
const authenticator = new Authenticator(cached, systemClock, systemRandom, silentLogger, silentBulletin);
const front = new SessionFront(
  imap,
  {
    directory: cached,
    authenticator,
    sasl: new SaslSignIn(authenticator, systemRandom, Buffer.from('decoys')),
    accounts: new AccountLedger(silentBulletin, systemClock, { sessionsMax: 1_000_000, recipientsPerDayMax: 0 }),
    legs: new SessionLegs(routes, carriers, systemClock, silentLogger),
    certificates,
    clock: systemClock,
  },
  silentLogger,
  { ...DEFAULT_SESSION_FRONT_SETTINGS, hostname: 'bench', plainLogin: true },
);
const ledger = new ConnectionLedger(silentBulletin, systemClock);
const shared = {
  ledger,
  serve: (...[socket, { address }]: Parameters<ConstructorParameters<typeof FrontListener>[0]['serve']>) =>
    front.accept(socket, { address, sessionId: systemRandom.bytes(8).toString('hex') }),
  refuse: (...[socket]: Parameters<ConstructorParameters<typeof FrontListener>[0]['refuse']>) => {
    socket.destroy();
  },
};
const plain = await new FrontListener(shared).listen('127.0.0.1', 0);
const tls = await new FrontListener({ ...shared, tls: tlsServerOptions(certificates) }).listen('127.0.0.1', 0);
console.log(`${plain} ${tls}`);

// Answers each line of its input with the memory it uses, after a collection with --expose-gc.
createInterface({ input: process.stdin }).on('line', () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  console.log(JSON.stringify({ rssBytes: process.memoryUsage.rss() }));
});
// In order, so that a profile (--cpu-prof) is written.
process.once('SIGTERM', () => process.exit());
