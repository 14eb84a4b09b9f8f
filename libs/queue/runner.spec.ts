import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MailStoreError } from '#mailstore/api';
import { deferred as promise } from '#stdx';
import { BODY, context, deferred, delivered, failed, HOUR, MINUTE, simulatedQueue } from './kit.test.ts';

describe('QueueRunner', () => {
  it('sends what waits and what comes, and forgets it', async () => {
    const q = simulatedQueue();
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    await q.submit(['c@z.test']);
    await q.settle();
    assert.deepEqual(
      q.transport.attempts.map(({ recipients, bytes }) => [recipients, bytes]),
      [
        [['b@y.test'], BODY],
        [['c@z.test'], BODY],
      ],
    );
    assert.deepEqual(await q.waiting(), []);
  });

  it('sends one message to all its recipients of a domain at once, with its parameters and without Return-Path', async () => {
    const q = simulatedQueue({ recipientsMax: 3 });
    const parameters = { BODY: '8BITMIME', SMTPUTF8: '', NOTIFY: 'NEVER' };
    const to = ['1@y.test', '2@Y.TEST', '3@y.test', '4@y.test', '5@z.test'];
    await q.submit(
      to.map((forwardPath) => ({ forwardPath, parameters })),
      `Return-Path: <a@x.test>\r\n${BODY}`,
    );
    q.runner.start();
    await q.settle();
    assert.deepEqual(
      q.transport.attempts.map(({ recipients }) => recipients).sort((a, b) => b.length - a.length),
      [['1@y.test', '2@Y.TEST', '3@y.test'], ['4@y.test'], ['5@z.test']],
    );
    for (const { bytes, parameters: sent } of q.transport.attempts) {
      assert.equal(bytes, BODY);
      assert.deepEqual(
        [...sent],
        [
          ['BODY', '8BITMIME'],
          ['SMTPUTF8', null],
        ],
      );
    }
  });

  it('does not mix messages or senders in one transaction', async () => {
    const q = simulatedQueue();
    await q.submit(['b@y.test', { reversePath: 'other@x.test' }]);
    await q.submit(['b@y.test'], `${BODY}other`);
    q.runner.start();
    await q.settle();
    assert.equal(q.transport.attempts.length, 3);
  });

  it('tries again after growing waits, and gives up after five days with a notification', async () => {
    const q = simulatedQueue();
    q.transport.answer = ({ forwardPath }) => (forwardPath === 'b@y.test' ? deferred : delivered);
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    await q.advance(6 * 24 * HOUR, 10 * MINUTE);
    const tries = q.transport.attempts.filter(({ recipients }) => recipients[0] === 'b@y.test');
    const waits = tries.map(({ at }, index) => at - (tries[index - 1]?.at ?? at)).slice(1);
    for (const [index, least] of [MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR].entries()) {
      assert.ok(waits[index]! >= least && waits[index]! <= least * 1.1, `wait ${index}: ${waits[index]}`);
    }
    assert.ok(Math.max(...waits) <= 4.4 * HOUR);
    const lasted = tries.at(-1)!.at - tries[0]!.at;
    assert.equal(lasted, 5 * 24 * HOUR);
    const notices = q.transport.attempts.filter(({ recipients }) => recipients[0] === 'a@x.test');
    assert.deepEqual(
      notices.map(({ bytes }) => /^Action: (.*)\r$/m.exec(bytes)?.[1]),
      ['delayed', 'failed'],
    );
    assert.equal(notices[0]!.at - tries[0]!.at, 4 * HOUR);
    assert.match(notices[0]!.bytes, /^Will-Retry-Until: Tue, 6 Jan 2026/m);
    assert.match(notices[1]!.bytes, /^Status: 4\.4\.7\r$/m);
    assert.deepEqual(await q.waiting(), []);
  });

  it('warns once, also when it was not there at the time', async () => {
    const q = simulatedQueue();
    q.transport.answer = ({ forwardPath }) => (forwardPath === 'b@y.test' ? deferred : delivered);
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    await q.advance(3 * HOUR, 10 * MINUTE);
    await q.runner.stop();
    await q.advance(3 * HOUR);
    const second = q.make();
    second.start();
    await q.settle();
    await q.advance(20 * HOUR, 10 * MINUTE);
    const notices = q.transport.attempts.filter(({ recipients }) => recipients[0] === 'a@x.test');
    assert.equal(notices.length, 1);
  });

  it('returns what failed to its sender, in one notification, naming each recipient', async () => {
    const q = simulatedQueue();
    q.transport.answer = ({ forwardPath }) => (forwardPath.endsWith('@y.test') ? failed : delivered);
    await q.submit([
      { forwardPath: 'b@y.test', parameters: { ORCPT: 'rfc822;was@y.test', ENVID: 'e1' } },
      { forwardPath: 'c@y.test', parameters: { ENVID: 'e1' } },
    ]);
    q.runner.start();
    await q.settle();
    const [, notice, ...more] = q.transport.attempts;
    assert.deepEqual([more.length, notice?.recipients], [0, ['a@x.test']]);
    assert.match(notice!.bytes, /^Original-Recipient: rfc822; was@y\.test\r$/m);
    assert.match(notice!.bytes, /^Final-Recipient: rfc822; c@y\.test\r$/m);
    assert.match(notice!.bytes, /^Original-Envelope-Id: e1\r$/m);
    assert.match(notice!.bytes, /^Diagnostic-Code: smtp; 550 5\.1\.1 No such user\r$/m);
    assert.match(notice!.bytes, /^Subject: hello\r$/m);
    assert.doesNotMatch(notice!.bytes, /^body\r$/m);
  });

  const silent: readonly [string, object, object][] = [
    ['a null reverse-path', { reversePath: '' }, failed],
    ['NOTIFY=NEVER', { parameters: { NOTIFY: 'NEVER' } }, failed],
    ['NOTIFY=SUCCESS', { parameters: { NOTIFY: 'SUCCESS' } }, failed],
    ['NOTIFY=FAILURE', { parameters: { NOTIFY: 'FAILURE' } }, delivered],
    ['no NOTIFY', {}, delivered],
    [
      'NOTIFY=SUCCESS taken over by the other side',
      { parameters: { NOTIFY: 'SUCCESS' } },
      { ...delivered, dsnHandedOn: true },
    ],
  ];
  for (const [name, entry, outcome] of silent)
    it(`tells nobody: ${name}`, async () => {
      const q = simulatedQueue();
      q.transport.answer = () => outcome as typeof failed;
      await q.submit([entry]);
      q.runner.start();
      await q.settle();
      assert.equal(q.transport.attempts.length, 1);
      assert.deepEqual(await q.waiting(), []);
    });

  it('tells of success where NOTIFY asks and the other side will not', async () => {
    const q = simulatedQueue();
    await q.submit([{ parameters: { NOTIFY: 'SUCCESS' } }]);
    q.runner.start();
    await q.settle();
    assert.match(q.transport.attempts[1]!.bytes, /^Action: relayed\r$/m);
  });

  it('returns the whole message with RET=FULL', async () => {
    const q = simulatedQueue();
    q.transport.answer = ({ forwardPath }) => (forwardPath === 'b@y.test' ? failed : delivered);
    await q.submit([{ parameters: { RET: 'FULL' } }]);
    q.runner.start();
    await q.settle();
    assert.match(q.transport.attempts[1]!.bytes, /^body\r$/m);
  });

  it('never bounces a bounce', async () => {
    const q = simulatedQueue();
    q.transport.answer = () => failed;
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    assert.deepEqual(
      q.transport.attempts.map(({ recipients }) => recipients),
      [['b@y.test'], ['a@x.test']],
    );
    assert.deepEqual(await q.waiting(), []);
  });

  it('keeps to the number of attempts at once, in all and to one destination', async () => {
    const q = simulatedQueue({ perDestinationFirst: 3, perDestinationMax: 3, attemptsMax: 5 });
    const gate = promise();
    q.transport.gate = gate.promise;
    for (let i = 0; i < 10; i++) await q.submit(['b@y.test', 'c@z.test'], `${BODY}${i}`);
    q.runner.start();
    await q.settle();
    assert.equal(q.transport.running, 5);
    const byDomain = q.transport.attempts.filter(({ recipients }) => recipients[0] === 'b@y.test').length;
    assert.ok(byDomain <= 3);
    gate.resolve();
    await q.settle();
    await q.settle();
    assert.equal(q.transport.attempts.length, 20);
    assert.equal(q.transport.runningMost, 5);
  });

  it('begins with few attempts at a destination, and makes more as it answers', async () => {
    const q = simulatedQueue({ perDestinationMax: 5 });
    const gate = promise();
    q.transport.gate = gate.promise;
    for (let i = 0; i < 30; i++) await q.submit(['b@y.test'], `${BODY}${i}`);
    q.runner.start();
    await q.settle();
    assert.equal(q.transport.running, 2);
    gate.resolve();
    await q.settle();
    await q.settle();
    assert.equal(q.transport.attempts.length, 30);
    assert.equal(q.transport.runningMost, 5);
  });

  it('leaves a destination alone that cannot be reached, and the others in peace', async () => {
    const q = simulatedQueue({ perDestinationMax: 1 });
    q.transport.unreachable = true;
    q.transport.answer = () => deferred;
    for (let i = 0; i < 20; i++) await q.submit(['b@y.test'], `${BODY}${i}`);
    q.runner.start();
    await q.settle();
    assert.equal(q.transport.attempts.length, 1, 'the rest would have met the same silence');
    const entries = await q.waiting();
    assert.ok(entries.every(({ lastError, attempts }) => lastError === '450 4.2.1 Later' && attempts === 1));
    await q.submit(['b@y.test']);
    await q.settle();
    assert.equal(q.transport.attempts.length, 1, 'nor is a new message tried while it is left alone');
    q.transport.unreachable = false;
    q.transport.answer = () => delivered;
    await q.submit(['c@z.test']);
    await q.settle();
    assert.equal(q.transport.attempts.length, 2);
    await q.advance(10 * MINUTE, 10_000);
    assert.deepEqual(await q.waiting(), []);
  });

  it('works off a queue larger than its window', async () => {
    const q = simulatedQueue({ windowMax: 7, perDestinationMax: 2 });
    for (let i = 0; i < 60; i++) await q.submit([`b@d${i % 5}.test`], `${BODY}${i}`);
    q.runner.start();
    for (let i = 0; i < 20; i++) await q.settle();
    assert.equal(q.transport.attempts.length, 60);
    assert.deepEqual(await q.waiting(), []);
  });

  it('sleeps until an entry is due', async () => {
    const q = simulatedQueue();
    await q.submit([{ notBefore: q.clock.now() + HOUR }]);
    q.runner.start();
    await q.settle();
    await q.advance(59 * MINUTE, MINUTE);
    assert.deepEqual(q.times(), []);
    await q.advance(2 * MINUTE);
    assert.deepEqual(q.times(), [HOUR]);
  });

  it('goes on where a process that died left off', async () => {
    const q = simulatedQueue();
    q.transport.gate = new Promise(() => {});
    await q.submit(['b@y.test', 'c@z.test']);
    q.runner.start();
    await q.settle();
    assert.equal(q.transport.running, 2);
    q.transport.gate = Promise.resolve();
    const heir = q.make();
    heir.start();
    await q.settle();
    assert.equal(q.transport.attempts.length, 4);
    assert.deepEqual(await q.waiting(), []);
  });

  it('waits for a directory that is down', async () => {
    const q = simulatedQueue();
    const route = q.routes.route;
    q.routes.route = () => Promise.reject(new Error('down'));
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    assert.equal((await q.waiting())[0]?.lastError, 'the directory could not be asked');
    q.routes.route = route;
    await q.advance(2_000);
    assert.deepEqual(await q.waiting(), []);
  });

  it('stores what is homed on its own volume', async () => {
    const q = simulatedQueue();
    const account = { accountId: 'id-b', email: 'b@y.test', partnerId: 'p1', quotaBytes: 0 };
    q.routes.route = async () => ({ kind: 'local', account });
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    assert.equal((await q.store.account(context, 'id-b')).messages, 1);
    assert.deepEqual(await q.waiting(), []);
  });

  it('returns what its directory refuses', async () => {
    const q = simulatedQueue();
    q.routes.route = async (forwardPath) =>
      forwardPath === 'b@y.test'
        ? { kind: 'refused', reply: { code: 550, enhanced: '5.1.1', text: 'Unknown' } }
        : { kind: 'mx', domain: 'x.test' };
    q.transport.answer = ({ forwardPath }) => (forwardPath === 'b@y.test' ? failed : delivered);
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    assert.deepEqual(
      q.transport.attempts.map(({ destination }) => destination.kind),
      ['refused', 'mx'],
    );
  });

  it('holds, retries and cancels', async () => {
    const q = simulatedQueue();
    q.transport.answer = () => deferred;
    await q.submit(['b@y.test', 'c@z.test']);
    q.runner.start();
    await q.settle();
    const [b, c] = (await q.waiting()).map(({ id }) => id);
    await q.runner.hold([b!]);
    await q.runner.cancel([c!]);
    await q.advance(2 * HOUR, 10 * MINUTE);
    assert.equal(q.transport.attempts.length, 2);
    assert.deepEqual(
      (await q.waiting()).map(({ id, status }) => [id, status]),
      [[b, 'held']],
    );
    q.transport.answer = () => delivered;
    await q.runner.retry([b!]);
    await q.settle();
    assert.equal(q.transport.attempts.length, 3);
    assert.deepEqual(await q.waiting(), []);
  });

  it('does not send again what it could not write down', async () => {
    const q = simulatedQueue();
    const update = q.store.queueUpdate.bind(q.store);
    let refusals = 2;
    q.store.queueUpdate = async (...call) => {
      if (refusals-- > 0) throw new MailStoreError('diskFull');
      await update(...call);
    };
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    await q.advance(MINUTE, 1_000);
    assert.equal(q.transport.attempts.length, 1);
    assert.deepEqual(await q.waiting(), []);
  });

  it('commits a bounce together with the removal it speaks of', async () => {
    const q = simulatedQueue();
    q.transport.answer = () => failed;
    const commits: [number, number][] = [];
    const update = q.store.queueUpdate.bind(q.store);
    q.store.queueUpdate = async (asker, updates, deliveries = []) => {
      commits.push([updates.length, deliveries.length]);
      await update(asker, updates, deliveries);
    };
    await q.submit(['b@y.test', 'c@y.test']);
    q.runner.start();
    await q.settle();
    assert.deepEqual(commits, [
      [2, 1],
      [1, 0],
    ]);
  });

  it('stops after what it is doing', async () => {
    const q = simulatedQueue();
    const gate = promise();
    q.transport.gate = gate.promise;
    await q.submit(['b@y.test']);
    q.runner.start();
    await q.settle();
    let over = false;
    const stopped = q.runner.stop().then(() => {
      over = true;
    });
    await q.submit(['c@z.test']);
    await q.settle();
    assert.equal(over, false);
    gate.resolve();
    await stopped;
    assert.equal(q.transport.attempts.length, 1);
    assert.deepEqual(
      (await q.waiting()).map(({ forwardPath }) => forwardPath),
      ['c@z.test'],
    );
  });
});
