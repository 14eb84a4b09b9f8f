import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type IntervalMeter, replay, type Transition } from './index.ts';

const transition = (seq: number, at: number, change: 'start' | 'stop', meter: IntervalMeter): Transition => ({
  at,
  change,
  meter,
  seq: String(seq),
  label: null,
});
const lives = (transitions: readonly Transition[]) =>
  replay(undefined, transitions).map(({ meter, from, to }) => [meter, from, to]);

describe('lives of a resource', () => {
  const active = 'node-active';
  const standby = 'node-standby';
  for (const [name, events, expected] of [
    [
      'on and off',
      [
        [1, 'start', active],
        [5, 'stop', active],
      ],
      [[active, 1, 5]],
    ],
    [
      'off that arrived before on',
      [
        [5, 'stop', active],
        [1, 'start', active],
      ],
      [[active, 1, 5]],
    ],
    [
      'on twice',
      [
        [1, 'start', active],
        [2, 'start', active],
        [5, 'stop', active],
      ],
      [[active, 1, 5]],
    ],
    ['off without on', [[5, 'stop', active]], []],
    ['still running', [[1, 'start', active]], [[active, 1, null]]],
    [
      'off and on in one instant while on',
      [
        [1, 'start', active],
        [3, 'stop', active],
        [3, 'start', active],
      ],
      [[active, 1, null]],
    ],
    [
      'on and off in one instant while off',
      [
        [3, 'start', active],
        [3, 'stop', active],
      ],
      [],
    ],
    [
      'change of role',
      [
        [1, 'start', standby],
        [4, 'stop', standby],
        [4, 'start', active],
      ],
      [
        [standby, 1, 4],
        [active, 4, null],
      ],
    ],
    [
      'change of role whose stop never came',
      [
        [1, 'start', standby],
        [4, 'start', active],
      ],
      [
        [standby, 1, 4],
        [active, 4, null],
      ],
    ],
    [
      'stop of the role before, late',
      [
        [1, 'start', standby],
        [4, 'start', active],
        [6, 'stop', standby],
      ],
      [
        [standby, 1, 4],
        [active, 4, null],
      ],
    ],
    [
      'there and back in one instant',
      [
        [1, 'start', active],
        [4, 'stop', active],
        [4, 'start', standby],
        [4, 'stop', standby],
        [4, 'start', active],
      ],
      [[active, 1, null]],
    ],
  ] as const) {
    it(name, () => {
      const transitions = events.map(([at, change, meter], index) => transition(index + 1, at, change, meter));
      assert.deepEqual(lives(transitions), expected);
    });
  }

  it('depend on the facts and not on their order, and can be replayed from any instant', () => {
    const facts = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 9 }), fc.constantFrom('start', 'stop'), fc.constantFrom(active, standby)),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(facts, fc.integer({ min: 0, max: 9 }), (rows, cut) => {
        const all = rows.map(([at, change, meter], index) =>
          transition(index + 1, at, change as 'start' | 'stop', meter as IntervalMeter),
        );
        assert.deepEqual(lives(all.toReversed()), lives(all));
        const early = replay(
          undefined,
          all.filter(({ at }) => at < cut),
        );
        const open = early.findLast(({ to }) => to === null);
        const late = replay(
          open,
          all.filter(({ at }) => at >= cut),
        );
        assert.deepEqual([...early.filter(({ to }) => to !== null), ...late], replay(undefined, all));
        for (const [index, { from, to }] of replay(undefined, all).entries()) {
          assert.ok(to === null || from < to);
          assert.ok(index === 0 || replay(undefined, all)[index - 1]!.to! <= from);
        }
      }),
    );
  });
});
