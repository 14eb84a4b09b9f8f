import assert from 'node:assert/strict';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import type { MailStore } from '#mailstore/api';
import { MemoryMailStore } from '#mailstore/memory';
import { encodeRpcLine, type RpcReply, type RpcRequest } from '#protocol/handover';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext, systemRandom } from '#stdx';
import { SimulatedClock } from '#testing';
import { ColdStorages } from '../cold-storages.ts';
import { AccountSteps } from './account-steps.ts';
import { BackupDesk } from './backup-desk.ts';
import { rpcLeg } from './rpc-leg.ts';
import { SessionRegistry } from './session-registry.ts';
import { TierDesk } from './tier-desk.ts';

const context = systemContext('rpc');
const account = { accountId: 'a', email: 'a@x.example', partnerId: 'p', quotaBytes: 150 };

const cold = new ColdStorages(
  { credentialsFile: undefined, credentials: undefined, readTimeoutMs: 1_000, writeTimeoutMs: 1_000 },
  systemClock,
  systemRandom,
);
const tiers = new TierDesk(cold, silentLogger);

/** Asks a store's leg over a socket, one question after the other. */
async function ask(store: MailStore, requests: readonly RpcRequest[]): Promise<RpcReply[]> {
  const leg = rpcLeg(
    (volumeId, epoch) => (volumeId === 'v' && epoch === 1 ? store : undefined),
    new AccountSteps(new SessionRegistry()),
    new BackupDesk(undefined, silentLogger),
    tiers,
    new SimulatedClock(),
    silentLogger,
  );
  const server = createServer((socket) => leg.serve({ socket, first: Buffer.alloc(0) } as never));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const replies: RpcReply[] = [];
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  for (const request of requests) {
    socket.write(encodeRpcLine(request));
    replies.push(JSON.parse((await lines.next()).value ?? ''));
  }
  socket.destroy();
  server.close();
  return replies;
}

describe('rpc leg', () => {
  it('lists deleted mail and puts it back, while the quota has room', async () => {
    const store = new MemoryMailStore({ parse: messageParser, clock: new SimulatedClock() });
    await store.ensureAccount(context, account);
    const inbox = await store.mailbox(context, 'a', 'INBOX');
    const ref = { accountId: 'a', mailboxId: inbox.id };
    for (const subject of ['one', 'two']) {
      const message = await store.stage(
        Buffer.from(`From: b@x.example\r\nSubject: ${subject}\r\n\r\n${'x'.repeat(60)}`),
      );
      await store.append(context, ref, [{ message, keywords: [], internalDate: 5 }]);
      await store.expunge(context, ref, [{ first: 1, last: Infinity }], { any: true });
    }
    const on = { volumeId: 'v', epoch: 1, accountId: 'a', limit: 10 };
    const [listed, first, second, stale, unknown] = await ask(store, [
      { id: 1, method: 'deleted', params: on },
      { id: 2, method: 'undelete', params: { ...on, messageIds: [2] } },
      { id: 3, method: 'undelete', params: { ...on, since: 0 } },
      { id: 4, method: 'undelete', params: { ...on, epoch: 2 } },
      { id: 5, method: 'undelete', params: { ...on, accountId: 'b' } },
    ]);
    assert(listed && 'result' in listed && 'entries' in listed.result);
    const { entries } = listed.result;
    assert.deepEqual(
      entries.map((entry) => 'subject' in entry && [entry.subject, entry.from, entry.mailbox, entry.receivedAt]),
      [
        ['two', ['b@x.example'], 'INBOX', 5],
        ['one', ['b@x.example'], 'INBOX', 5],
      ],
    );
    assert.deepEqual(first, { id: 2, result: { restored: 1 } });
    assert.deepEqual(second, { id: 3, error: { code: 'FULL', text: 'overQuota' } });
    assert.equal(stale && 'error' in stale && stale.error.code, 'STALE');
    assert.equal(unknown && 'error' in unknown && unknown.error.code, 'UNKNOWN');
  });

  it('ends with a connection that breaks, and nothing else does', async () => {
    const store = new MemoryMailStore({ parse: messageParser, clock: new SimulatedClock() });
    const leg = rpcLeg(
      () => store,
      new AccountSteps(new SessionRegistry()),
      new BackupDesk(undefined, silentLogger),
      tiers,
      new SimulatedClock(),
      silentLogger,
    );
    const server = createServer((socket) => {
      leg.serve({ socket, first: Buffer.alloc(0) } as never);
      // What a reply to a caller that has gone comes to.
      socket.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
    await new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => server.close(resolve));
  });
});
