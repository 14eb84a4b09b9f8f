import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, it } from 'node:test';
import { until } from '#testing';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';

interface Told {
  readonly what: string;
  readonly kind: string;
  readonly subject: string;
}

let cluster: EmbeddedCluster;
const calls: Told[] = [];
const hook = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text: string) => (body += text));
  request.on('end', () => {
    calls.push(...(JSON.parse(body) as { alerts: Told[] }).alerts);
    response.writeHead(204).end();
  });
});

before(async () => {
  cluster = await EmbeddedCluster.start();
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await cluster.stop();
  hook.close();
});

/** Subjects of the alert mails in the operator's mailbox. */
async function subjects(): Promise<readonly string[]> {
  const [user] = cluster.file.demo.users;
  const client = await ImapClient.signIn(cluster.file.hubs[0]?.ports.imap ?? 0, user!);
  const bodies = await client.bodies();
  client.close();
  return [...bodies.values()].flatMap((body) => /^Subject: (\[cluster-1\] .*)\r$/m.exec(body.toString())?.[1] ?? []);
}

const heard = (what: string, kind: string, subject: string): boolean =>
  calls.some((call) => call.what === what && call.kind === kind && call.subject === subject);
const said = async (pattern: RegExp): Promise<boolean> => (await subjects()).some((subject) => pattern.test(subject));

it('an operator is told by mail in a mailbox of the cluster, through its own submission, and by webhook', async () => {
  const [user] = cluster.file.demo.users;
  await cluster.cli('alert', 'subscribe', user?.email ?? '');
  await cluster.cli('alert', 'subscribe', `http://127.0.0.1:${(hook.address() as AddressInfo).port}/`);
  const gone = cluster.file.nodes.find(({ name }) => name === 'node-1');
  process.kill(gone?.pid ?? 0, 'SIGKILL');
  await until('the webhook to be called', () => heard('raised', 'nodeDown', 'node-1'), 60_000);
  await until('news of the failover', () => heard('news', 'failoverDone', 'volume-1'), 60_000);
  await until('the mail', () => said(/ALERT: Node node-1 is down/), 60_000);
});

it('a disk past the limit is told, and again when it is full, and that it is over', async () => {
  const limits = (warn: number, full: number) =>
    cluster.cli('cluster', 'update', '--volume-warn', String(warn), '--volume-full', String(full));
  const times = (): number => calls.filter(({ what, kind }) => what === 'raised' && kind === 'volumeFilling').length;
  await limits(1, 100);
  await until('the first word', () => times() === 2, 60_000);
  await limits(1, 1);
  await until('the second', () => times() === 4, 60_000);
  await limits(100, 100);
  await until('the end', () => heard('resolved', 'volumeFilling', 'volume-1'), 60_000);
});

it('nobody is told of a node that was stopped, but of the standby that is missing', async () => {
  const stopped = cluster.file.nodes.find(({ name }) => name === 'node-2');
  process.kill(stopped?.pid ?? 0, 'SIGTERM');
  await until('the node to be shown as stopped', async () => {
    const { nodes } = (await cluster.cli('member', 'list')) as { nodes: { name: string; state: string }[] };
    return nodes.find(({ name }) => name === 'node-2')?.state === 'stopped';
  });
  await until('word of the standby', () => heard('raised', 'noSpare', 'nodes'), 120_000);
  assert.ok(!heard('raised', 'nodeDown', 'node-2'));
});
