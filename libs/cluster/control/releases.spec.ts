import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ControlledNode, type NodeMember, NodeUnreachableError, RELEASE_UNKNOWN } from '#cluster/api';
import { type Release, silentLogger, systemClock } from '#stdx';
import { TestAuthority, until } from '#testing';
import { ControlClient } from './control-client.ts';
import { ControlServer } from './control-server.ts';

const CLUSTER = 'cluster-1';
const NODE = 'node-1';

/** A release whose newest protocol is that. */
const speaking = (newest: number): Release => ({
  version: `0.${newest}.0`,
  protocol: { oldest: newest - 1, newest },
  features: { oldest: 1, newest: 1 },
});

/** A hub and a node of two releases, on a real socket. */
async function meet(ours: Release, theirs: Release) {
  const authority = await TestAuthority.create(CLUSTER);
  const node: ControlledNode = {
    report: () => ({ instance: 'i', ...theirs, stopping: false, stamp: 1, volumes: [] }),
    renew() {},
    open: () => Promise.reject(new Error('nobody asks')),
    close: () => Promise.resolve(),
  };
  const trust = await authority.member('node', NODE);
  const server = new ControlServer(trust, node, systemClock, silentLogger, { release: theirs });
  const port = await server.listen('127.0.0.1', 0);
  const control = { host: '127.0.0.1', port };
  const client = new ControlClient(
    { trust: await authority.member('hub', 'hub-1'), name: 'one', relay: control, release: ours },
    systemClock,
    silentLogger,
    { retryMs: 20 },
  );
  const member: NodeMember = {
    ...{ id: NODE, clusterId: CLUSTER, name: 'one', control, data: control, ...RELEASE_UNKNOWN },
    ...{ state: 'standby', eligible: true, weight: 1, lastSeenAt: null },
  };
  return {
    client,
    probe: () => client.probe(member),
    async [Symbol.asyncDispose]() {
      client.end();
      await server.close();
    },
  };
}

for (const [ours, theirs] of [
  [4, 5],
  [5, 4],
  [5, 5],
] as const)
  it(`a hub of protocol ${ours} and a node of protocol ${theirs} work together`, async () => {
    await using meeting = await meet(speaking(ours), speaking(theirs));
    const report = await until('a report', () => meeting.probe().catch(() => undefined));
    assert.deepEqual(report.protocol, speaking(theirs).protocol);
  });

for (const [ours, theirs] of [
  [4, 6],
  [6, 4],
] as const)
  it(`a hub of protocol ${ours} and a node of protocol ${theirs} refuse each other, and say why, once`, async () => {
    await using meeting = await meet(speaking(ours), speaking(theirs));
    const said: [string, string, Release][] = [];
    meeting.client.watch({ refused() {}, reported() {}, denied: (...denial) => void said.push(denial) });
    await until('the refusal', () =>
      meeting.probe().then(
        () => false,
        (error: unknown) => error instanceof NodeUnreachableError && error.why === 'denied',
      ),
    );
    await systemClock.sleep(500);
    const reason = `the hub is release 0.${ours}.0 and speaks protocol ${ours - 1}–${ours}, this node is 0.${theirs}.0 and speaks ${theirs - 1}–${theirs}: they must be neighbours`;
    assert.deepEqual(said, [[NODE, reason, speaking(theirs)]]);
  });
