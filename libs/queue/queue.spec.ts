import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { SmtpSession } from '#server/smtp';
import { collect, seededRandom, silentLogger, systemClock } from '#stdx';
import { SimulatedClock, until } from '#testing';
import { BODY, context, HOUR, MINUTE } from './kit.test.ts';
import { OutboundTransport } from './outbound-transport.ts';
import { type OutsideServer, outsideServer } from './outside.test.ts';
import { QueueRunner } from './runner.ts';

/** Five domains of the world, each with a server of its own temper. */
async function world() {
  const given: string[] = [];
  const session = (server: OutsideServer, rcpt: (n: number) => { code: number; enhanced: string; text: string }) => {
    let asked = 0;
    server.serve = (socket) => {
      new SmtpSession(socket, {
        mode: 'smtp',
        hostname: 'out.test',
        clock: systemClock,
        logger: silentLogger,
        peer: { sessionId: 's', address: '127.0.0.1', port: 1 },
        backend: {
          mail: async () => ({ code: 250, text: 'OK' }),
          rcpt: async () => rcpt(++asked),
          data: async (_peer, { forwardPaths }, bytes) => {
            const whole = bytes.whole ?? (await collect(bytes, 1 << 26));
            given.push(...forwardPaths.map(({ address }) => `${address} ${whole.length}`));
            return { code: 250, text: 'OK' };
          },
        },
      });
    };
  };
  const servers = {
    'good.test': await outsideServer(),
    'grey.test': await outsideServer(),
    'strict.test': await outsideServer(),
    'silent.test': await outsideServer(),
    'rude.test': await outsideServer(),
    'x.test': await outsideServer(),
  };
  const ok = { code: 250, enhanced: '2.1.5', text: 'OK' };
  session(servers['good.test'], () => ok);
  session(servers['x.test'], () => ok);
  session(servers['grey.test'], (n) => (n < 3 ? { code: 450, enhanced: '4.7.1', text: 'Greylisted' } : ok));
  session(servers['strict.test'], () => ({ code: 550, enhanced: '5.1.1', text: 'No such user' }));
  servers['silent.test'].serve = () => {};
  servers['rude.test'].serve = (socket) => socket.destroy();
  return { given, servers };
}

describe('the queue and the world', () => {
  it('gives each domain what it will take, waits for those that will not, and tells the sender', async () => {
    const { given, servers } = await world();
    const ports = new Map(Object.entries(servers).map(([domain, { port }]) => [domain, port]));
    const clock = new SimulatedClock();
    const store = new MemoryMailStore({ parse: messageParser, clock });
    const transport = new OutboundTransport({
      hostname: 'us.test',
      clock: systemClock,
      random: seededRandom(1),
      logger: silentLogger,
      resolver: {
        mx: async (domain) => [{ exchange: domain, preference: 10 }],
        addresses: async (host) => [host],
      },
      connect: (host) => servers['good.test'].connectTo(ports.get(host) ?? 1),
      timeouts: { greetingMs: 100, commandMs: 500, dataMs: 500, blockMs: 500, finalMs: 500 },
    });
    const runner = new QueueRunner({
      store,
      transport,
      destinations: { route: async (path) => ({ kind: 'mx', domain: path.slice(path.indexOf('@') + 1) }) },
      hostname: 'us.test',
      clock,
      random: seededRandom(2),
      logger: silentLogger,
    });
    const message = await store.stage(Buffer.from(BODY));
    const to = ['good', 'grey', 'strict', 'silent', 'rude'].map((name) => `b@${name}.test`);
    const queue = to.map((forwardPath) => ({ reversePath: 'a@x.test', forwardPath, partnerId: 'p' }));
    await store.deliver(context, { message, receivedAt: clock.now(), targets: [], queue });
    runner.start();

    const waiting = async (): Promise<readonly string[]> =>
      (await store.queueEntries({ limit: 100 })).map(({ forwardPath }) => forwardPath).sort();
    const settled = async (): Promise<boolean> => {
      await clock.advance(0);
      return runner.figures.attempts === 0;
    };
    await until('the first attempts and the bounce', async () => (await settled()) && given.length === 2);
    assert.deepEqual(await waiting(), ['b@grey.test', 'b@rude.test', 'b@silent.test']);
    assert.equal(given[0], `b@good.test ${BODY.length}`);
    assert.match(given[1]!, /^a@x\.test \d+$/, 'what strict.test refused has come back');

    for (let passed = 0; passed < 30 * MINUTE; passed += MINUTE) {
      await clock.advance(MINUTE);
      await until('a round of attempts', settled);
    }
    assert.deepEqual(await waiting(), ['b@rude.test', 'b@silent.test']);
    assert.ok(given.includes(`b@grey.test ${BODY.length}`));

    for (let passed = 0; passed < 6 * 24 * HOUR; passed += 2 * HOUR) {
      await clock.advance(2 * HOUR);
      await until('a round of attempts', settled);
    }
    assert.deepEqual(await waiting(), []);
    assert.equal(given.filter((line) => line.startsWith('a@x.test')).length, 5, 'two warnings, three failures');
    await runner.stop();
    transport.close();
    for (const server of Object.values(servers)) await server[Symbol.asyncDispose]();
  });
});
