import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Clock, deferred, systemClock } from '#stdx';
import { SimulatedClock, until } from '#testing';
import { obliging, type Script, scriptedServer } from './kit.test.ts';
import { LmtpPool, type LmtpPoolOptions } from './lmtp-pool.ts';
import { RelayError } from './message.ts';

const MESSAGE = { reversePath: '', recipients: [{ forwardPath: 'b@y.test' }], body: Buffer.from('x\r\n') };

async function pooled(script: Script, options: Partial<LmtpPoolOptions> = {}, clock: Clock = systemClock) {
  const server = await scriptedServer(script);
  const pool = new LmtpPool({ connect: server.connect, clientName: 'hub', clock, ...options });
  return {
    server,
    pool,
    async [Symbol.asyncDispose]() {
      pool.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('LmtpPool', () => {
  it('uses one connection for messages that follow each other', async () => {
    await using p = await pooled(obliging());
    for (let i = 0; i < 5; i++) assert.equal((await p.pool.send(MESSAGE)).recipients[0]?.final?.code, 250);
    assert.equal(p.server.connections, 1);
    assert.deepEqual(p.pool.figures, { connections: 1, idle: 1, waiting: 0 });
  });

  it('opens as many as there are messages at once, and no more than it may', async () => {
    await using p = await pooled(obliging(), { connectionsMax: 3 });
    const results = await Promise.all(Array.from({ length: 50 }, () => p.pool.send(MESSAGE)));
    assert.ok(results.every(({ recipients }) => recipients[0]?.final?.code === 250));
    assert.equal(p.server.connections, 3);
    assert.deepEqual(p.pool.figures, { connections: 3, idle: 3, waiting: 0 });
  });

  it('closes what is unused', async () => {
    const clock = new SimulatedClock();
    await using p = await pooled(obliging(), { idleMs: 1_000 }, clock);
    await p.pool.send(MESSAGE);
    await clock.advance(900);
    await p.pool.send(MESSAGE);
    await clock.advance(900);
    assert.equal(p.pool.figures.idle, 1);
    await clock.advance(200);
    assert.deepEqual(p.pool.figures, { connections: 0, idle: 0, waiting: 0 });
    await until('QUIT', () => p.server.lines.includes('QUIT'));
  });

  it('opens another when the server has closed the idle one', async () => {
    await using p = await pooled(obliging());
    await p.pool.send(MESSAGE);
    p.server.dropAll();
    await until('loss', () => p.pool.figures.connections === 0);
    assert.equal((await p.pool.send(MESSAGE)).recipients[0]?.final?.code, 250);
    assert.equal(p.server.connections, 2);
  });

  it('fails the message whose connection breaks, and goes on', async () => {
    let calls = 0;
    await using p = await pooled((line, socket) => {
      if (line.startsWith('BDAT') && ++calls === 1) socket.destroy();
      return obliging()(line, socket);
    });
    const error: unknown = await p.pool.send(MESSAGE).catch((reason: unknown) => reason);
    assert.ok(error instanceof RelayError && error.mayHaveBeenAccepted);
    assert.equal((await p.pool.send(MESSAGE)).recipients[0]?.final?.code, 250);
  });

  it('says that it cannot connect, to each that waits', async () => {
    const pool = new LmtpPool({
      connect: () => Promise.reject(new Error('ECONNREFUSED')),
      clientName: 'hub',
      clock: systemClock,
      connectionsMax: 2,
    });
    const errors = await Promise.all(
      Array.from({ length: 6 }, () => pool.send(MESSAGE).catch((error: unknown) => error)),
    );
    for (const error of errors) {
      assert.ok(error instanceof RelayError);
      assert.deepEqual(
        [error.phase, error.mayHaveBeenAccepted, error.message],
        ['connect', false, 'connect: ECONNREFUSED'],
      );
    }
    assert.deepEqual(pool.figures, { connections: 0, idle: 0, waiting: 0 });
  });

  it('lets a message wait only so long, and only so many', async () => {
    const clock = new SimulatedClock();
    const gate = deferred<never>();
    const pool = new LmtpPool({ connect: () => gate.promise, clientName: 'hub', clock, waitMs: 500, waitersMax: 2 });
    const late = [pool.send(MESSAGE), pool.send(MESSAGE)].map((sent) => sent.catch((error: unknown) => String(error)));
    await assert.rejects(pool.send(MESSAGE), /too many messages are waiting/);
    await clock.advance(500);
    for (const error of await Promise.all(late)) assert.match(String(error), /no connection in time/);
  });

  it('refuses what waits and what comes once it is closed', async () => {
    const pool = new LmtpPool({ connect: () => new Promise(() => {}), clientName: 'hub', clock: systemClock });
    const waiting = assert.rejects(pool.send(MESSAGE), /pool is closed/);
    pool.close();
    await waiting;
    await assert.rejects(pool.send(MESSAGE), /pool is closed/);
  });

  it('gives a refusal as an outcome, and keeps the connection', async () => {
    await using p = await pooled(obliging({ RCPT: '451 4.3.5 STALE volume v', BDAT: '503 no' }));
    for (let i = 0; i < 2; i++) {
      const { recipients } = await p.pool.send(MESSAGE);
      assert.deepEqual([recipients[0]?.rcpt.code, recipients[0]?.final], [451, null]);
    }
    assert.equal(p.server.connections, 1);
  });
});
