import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Database } from '#database';
import { PostgresDirectoryRegistry } from '#directory/postgres';
import { encodePreface, encodeRouteParameter } from '#protocol/handover';
import { present, silentLogger, systemClock, systemContext, systemRandom } from '#stdx';
import { MembershipFile, MemberTrust } from '#trust';
import { EmbeddedCluster } from '../conformance/cluster/embedded-cluster.ts';
import { type LoadOptions, type LoadResult, sendLoad } from './load/lmtp-source.ts';
import { missingPeers, type Peers, startPeers } from './peers.ts';

// Durable delivery, beside Dovecot and Postfix in the same run: `npm run bench -- [--messages N] [--rounds N]`.
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '20' },
    bytes: { type: 'string', default: '10240' },
  },
});
const load = {
  connections: Number(values.connections),
  messages: Number(values.messages),
  messageBytes: Number(values.bytes),
  reversePath: 'a@x.test',
};
/** Argon2id is not what is measured, and the accounts are gone afterwards. */
const CHEAP_PASSWORDS = { memoryKiB: 64, passes: 1, lanes: 1, scramIterations: 4_096 };
const ACCOUNTS = 300;

interface Contender {
  readonly name: string;
  run(): Promise<LoadResult>;
}

const missing = missingPeers();
if (missing) console.log(`Without peers, so without ratios: ${missing}`);
await using stack = new AsyncDisposableStack();
const peers = missing ? undefined : stack.use(await startPeers());
const cluster = stack.use(await EmbeddedCluster.start(['--standby', '0', '--nodes', '1', '--hubs', '1']));

const contenders = [...(peers ? peerContenders(peers) : []), await nodeContender(cluster), await hubContender(cluster)];
const rates = new Map<string, LoadResult[]>(contenders.map(({ name }) => [name, []]));
// In turn, so that a machine whose speed drifts is as slow for one as for the other; the first round warms up.
for (let round = 0; round <= Number(values.rounds); round++) {
  for (const { name, run } of contenders) {
    const result = await run();
    if (round > 0) rates.get(name)?.push(result);
  }
}
report(await measureSync());

function peerContenders({ lmtpPort, smtpPort, delivered }: Peers): Contender[] {
  const recipient = (n: number): string => `RCPT TO:<${n}@peer.test>`;
  return [
    { name: 'Dovecot LMTP', run: () => sendLoad({ ...load, port: lmtpPort, protocol: 'lmtp', recipient }) },
    {
      name: 'Postfix→Dovecot',
      // Postfix answers before Dovecot has the message: it is done when all are there.
      async run() {
        const before = delivered();
        const started = performance.now();
        const result = await sendLoad({ ...load, port: smtpPort, protocol: 'smtp', recipient });
        while (delivered() - before < load.messages) await new Promise((resolve) => setTimeout(resolve, 100));
        const seconds = (performance.now() - started) / 1_000;
        return { ...result, seconds, perSecond: load.messages / seconds };
      },
    },
  ];
}

/** Straight into a node over the signed inner leg, to accounts made by their first message. */
async function nodeContender(cluster: EmbeddedCluster): Promise<Contender> {
  const database = new Database({ url: cluster.file.postgres.url, connectionsMax: 1 });
  const [place] = await database.query<{
    id: string;
    epoch: string;
    key: Buffer;
    node: string;
    port: number;
    partner: string;
  }>(
    `SELECT volume.id, volume.epoch, cluster.key, node.id AS node, node.data_port AS port, cluster.partner_id AS partner
     FROM volume JOIN node ON node.id = volume.owner_node_id JOIN cluster ON cluster.id = volume.cluster_id LIMIT 1`,
  );
  await database.close();
  if (!place) throw new Error('no volume is served');
  const routes = Array.from({ length: ACCOUNTS }, (_, n) =>
    encodeRouteParameter({
      accountId: randomUUID(),
      email: `load${n}@peer.test`,
      partnerId: place.partner,
      quotaBytes: 0,
      volumeId: place.id,
      epoch: Number(place.epoch),
    }),
  );
  // As the hub itself comes: with its certificate.
  const member = present(
    await new MembershipFile(join(cluster.directory, 'hubs/hub-1')).read(),
    'a hub that has joined',
  );
  const trust = new MemberTrust(member, systemClock, silentLogger);
  const options: LoadOptions = {
    ...load,
    connect: () => trust.connect({ role: 'node', memberId: place.node, host: '127.0.0.1', port: place.port }),
    port: place.port,
    protocol: 'lmtp',
    recipient: (n) => `RCPT TO:<load${n % ACCOUNTS}@peer.test> ROUTE=${routes[n % ACCOUNTS]}`,
    preface: () => encodePreface({ kind: 'lmtp', hub: 'bench', issuedAt: Date.now(), nonce: randomUUID() }, place.key),
  };
  return { name: 'Rookery node, LMTP', run: () => sendLoad(options) };
}

async function hubContender(cluster: EmbeddedCluster): Promise<Contender> {
  const { demo, hubs, postgres } = cluster.file;
  const database = new Database({ url: postgres.url, connectionsMax: 2 });
  const registry = new PostgresDirectoryRegistry(database, systemRandom, CHEAP_PASSWORDS);
  for (let n = 0; n < ACCOUNTS; n++) {
    const made = await registry.createAccount(systemContext('bench'), {
      email: `load${n}@${demo.domain}`,
      password: randomUUID(),
    });
    if (!made.ok) throw new Error(JSON.stringify(made.error));
  }
  await database.close();
  const recipient = (n: number): string => `RCPT TO:<load${n % ACCOUNTS}@${demo.domain}>`;
  return {
    name: 'Rookery hub, SMTP',
    run: () => sendLoad({ ...load, port: hubs[0]?.ports.smtp ?? 0, protocol: 'smtp', recipient }),
  };
}

/** Median of a 10 KB append and fdatasync: what this machine's disk costs everybody. */
async function measureSync(): Promise<number> {
  const path = join(tmpdir(), `rookery-sync-${process.pid}`);
  const file = await open(path, 'w');
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    await file.write(Buffer.alloc(10_240));
    const started = performance.now();
    await file.datasync();
    times.push(performance.now() - started);
  }
  await file.close();
  await rm(path);
  return median(times);
}

function report(syncMs: number): void {
  const rate = (name: string): number => median(rates.get(name)?.map(({ perSecond }) => perSecond) ?? []);
  console.log(
    `${load.messages} messages of ${load.messageBytes} bytes, ${load.connections} in flight, median of ${values.rounds} rounds; fdatasync ${syncMs.toFixed(2)} ms`,
  );
  for (const { name } of contenders) {
    const results = rates.get(name) ?? [];
    console.log(
      `${name.padEnd(20)} ${rate(name).toFixed(0).padStart(6)} msg/s   p50 ${median(results.map((r) => r.latencyMs.p50)).toFixed(1)} ms  p99 ${median(results.map((r) => r.latencyMs.p99)).toFixed(1)} ms`,
    );
  }
  if (!peers) return;
  console.log(`node ÷ Dovecot LMTP:    ${(rate('Rookery node, LMTP') / rate('Dovecot LMTP')).toFixed(1)}×`);
  console.log(`hub ÷ Postfix→Dovecot:  ${(rate('Rookery hub, SMTP') / rate('Postfix→Dovecot')).toFixed(1)}×`);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
