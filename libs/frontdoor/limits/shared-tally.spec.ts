import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SimulatedClock } from '#testing';
import { AccountLedger } from './account-ledger.ts';
import type { Bulletin } from './bulletin.ts';
import { ConnectionLedger } from './connection-ledger.ts';
import { FailureLedger } from './failure-ledger.ts';
import { SharedTally } from './shared-tally.ts';

/** Hubs that hear each other, until cut off. */
class Board {
  private readonly heard: { hub: string; topic: string; listener: (text: string, hub: string) => void }[] = [];
  readonly cutOff = new Set<string>();

  of(hub: string): Bulletin {
    return {
      publish: (topic, text) => {
        if (this.cutOff.has(hub)) return;
        for (const each of this.heard)
          if (each.topic === topic && each.hub !== hub && !this.cutOff.has(each.hub)) each.listener(text, hub);
      },
      subscribe: (topic, listener) => this.heard.push({ hub, topic, listener }),
    };
  }
}

function twoTallies(sharedFrom = 1) {
  const [clock, board] = [new SimulatedClock(), new Board()];
  const tally = (hub: string) => new SharedTally({ topic: 't', sharedFrom }, board.of(hub), clock);
  return { clock, board, a: tally('a'), b: tally('b'), tally };
}

describe('a tally shared by hubs', () => {
  it('sums what every hub counts, up and down', async () => {
    const { clock, a, b } = twoTallies();
    a.add('k', 3);
    b.add('k', 2);
    assert.equal(a.total('k'), 3, 'what is said is gathered first');
    await clock.advance(500);
    assert.deepEqual([a.total('k'), b.total('k')], [5, 5]);
    a.add('k', -3);
    await clock.advance(500);
    assert.deepEqual([a.total('k'), b.total('k')], [2, 2]);
  });

  it('keeps small counts to itself', async () => {
    const { clock, a, b } = twoTallies(10);
    a.add('k', 9);
    await clock.advance(20_000);
    assert.equal(b.total('k'), 0);
    a.add('k', 1);
    await clock.advance(500);
    assert.equal(b.total('k'), 10);
    a.add('k', -1);
    await clock.advance(500);
    assert.equal(b.total('k'), 0);
  });

  it('tells a hub that came later, and mends what was missed', async () => {
    const { clock, board, a, b, tally } = twoTallies();
    a.add('k', 3);
    await clock.advance(500);
    board.cutOff.add('b');
    a.add('k', -3);
    a.add('l', 1);
    await clock.advance(500);
    board.cutOff.delete('b');
    const late = tally('c');
    await clock.advance(10_000);
    assert.deepEqual([b.total('k'), b.total('l'), late.total('l')], [0, 1, 1]);
  });

  it('forgets a hub that is not heard any more', async () => {
    const { clock, board, a, b } = twoTallies();
    a.add('k', 3);
    await clock.advance(500);
    board.cutOff.add('a');
    await clock.advance(29_000);
    assert.equal(b.total('k'), 3);
    await clock.advance(2_000);
    assert.equal(b.total('k'), 0);
  });

  it('takes no notice of what it does not understand', () => {
    const heard: ((text: string, hub: string) => void)[] = [];
    const bulletin: Bulletin = { publish() {}, subscribe: (_, listener) => heard.push(listener) };
    const tally = new SharedTally({ topic: 't', sharedFrom: 1 }, bulletin, new SimulatedClock());
    for (const text of ['', '{', '[]', '{"all":true,"counts":{"k":-1}}', '{"all":true,"counts":{"k":"1"}}'])
      heard[0]?.(text, 'b');
    assert.equal(tally.total('k'), 0);
  });
});

describe('limits over all hubs', () => {
  it('of connections from an address', async () => {
    const [clock, board] = [new SimulatedClock(), new Board()];
    const limits = { connectionsMax: 100, perAddressMax: 15, exempt: () => false };
    const [a, b] = ['a', 'b'].map((hub) => new ConnectionLedger(board.of(hub), clock, limits));
    for (let n = 0; n < 12; n++) a?.enter('192.0.2.1');
    await clock.advance(500);
    const admitted = Array.from({ length: 5 }, () => b?.enter('192.0.2.1')).filter((refusal) => !refusal);
    assert.equal(admitted.length, 3);
    assert.equal(b?.enter('192.0.2.2'), undefined);
  });

  it('of sessions and of recipients a day of an account', async () => {
    const [clock, board] = [new SimulatedClock(), new Board()];
    const limits = { sessionsMax: 8, recipientsPerDayMax: 100 };
    const [a, b] = ['a', 'b'].map((hub) => new AccountLedger(board.of(hub), clock, limits)) as [
      AccountLedger,
      AccountLedger,
    ];
    for (let n = 0; n < 8; n++) a.enter('ann');
    a.submitted('ann', 90);
    await clock.advance(500);
    assert.equal(b.mayEnter('ann'), false);
    assert.equal(b.mayEnter('ben'), true);
    assert.equal(b.maySubmitTo('ann', 10), true);
    assert.equal(b.maySubmitTo('ann', 11), false);
    a.leave('ann');
    await clock.advance(86_400_000);
    assert.equal(b.mayEnter('ann'), true);
    assert.equal(b.maySubmitTo('ann', 100), true, 'another day');
  });

  it('of failed sign-ins, and of whom an account under attack still lets in', () => {
    const [clock, board] = [new SimulatedClock(), new Board()];
    const [a, b] = ['a', 'b'].map((hub) => new FailureLedger(clock, board.of(hub))) as [FailureLedger, FailureLedger];
    a.succeeded('ann', '198.51.100.7');
    for (let n = 0; n < 20; n++) a.failed('ann', '192.0.2.1');
    assert.ok(b.waitMs('ann', '192.0.2.9') > 0, 'from an address never seen');
    assert.equal(b.waitMs('ann', '198.51.100.7'), 0, 'from the owner’s');
    assert.equal(b.waitMs('ben', '192.0.2.1'), 0);
    for (let n = 0; n < 80; n++) a.failed(`guess${n}`, '192.0.2.1');
    assert.ok(b.waitMs('ben', '192.0.2.1') > 0, 'from an address that guesses');
  });
});
