import assert from 'node:assert/strict';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { seededRandom, systemClock } from '#stdx';
import type { Style } from './beliefs.ts';
import { Ledger } from './ledger.ts';
import { Player, type Tally } from './player.ts';
import { soakWorld } from './world.ts';

const STYLES: readonly Style[] = [
  { name: 'IMAP4rev1', enable: null, vanished: false, uidOnly: false },
  { name: 'QRESYNC', enable: 'QRESYNC', vanished: true, uidOnly: false },
  { name: 'IMAP4rev2', enable: 'IMAP4rev2', vanished: false, uidOnly: false },
  { name: 'UIDONLY', enable: 'UIDONLY', vanished: true, uidOnly: true },
  { name: 'NOTIFY, delayed', enable: null, notify: 'selected-delayed', vanished: false, uidOnly: false },
  { name: 'NOTIFY, UIDONLY', enable: 'UIDONLY', notify: 'selected', vanished: true, uidOnly: true },
];

export interface SoakOptions {
  readonly sessions: number;
  readonly seed: number;
  /** Whether to play another round after so many. */
  readonly goesOn: (rounds: number) => boolean;
  /** Commands of each session between two looks at everything. */
  readonly commandsARound: number;
}

export interface SoakReport extends Readonly<Tally> {
  readonly rounds: number;
  readonly messagesSeen: number;
  readonly messagesMoved: number;
  /** Longest and 99th percentile, milliseconds. */
  readonly loopDelayMs: { readonly max: number; readonly p99: number };
}

/**
 * Sessions of every kind do whatever they like to one mailbox at once, their nodes changing under them. Between rounds everything is compared: each
 * client's belief with what is there, and what is there with what was acknowledged. Rejects on the first difference.
 */
export async function soak({ sessions, seed, goesOn, commandsARound }: SoakOptions): Promise<SoakReport> {
  await using world = await soakWorld();
  const ledger = new Ledger();
  const tally: Tally = { commands: 0, slowestMs: 0 };
  const random = seededRandom(seed);
  const now = (): number => systemClock.monotonic();
  const players = Array.from({ length: sessions }, (_, i) => {
    const style = STYLES[i % STYLES.length]!;
    return new Player({ style, ledger, random, tally, now, open: world.open });
  });
  for (const player of players) await player.join();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let rounds = 0;
  let messagesSeen = 0;
  while (goesOn(rounds)) {
    await Promise.all(players.map((player) => play(player, commandsARound)));
    for (const player of players) await player.catchUp();
    const { lines, texts } = await world.truth();
    for (const [i, { beliefs }] of players.entries())
      assert.deepEqual(beliefs.toLines(), lines, `session ${i}, ${STYLES[i % STYLES.length]!.name}, seed ${seed}`);
    assert.deepEqual(ledger.problems(texts), [], `seed ${seed}`);
    assert.equal(await world.count('Trash'), ledger.moved, `seed ${seed}: messages moved to Trash`);
    assert.deepEqual(world.errors, [], `seed ${seed}`);
    messagesSeen += lines.length;
    rounds++;
  }
  delay.disable();
  for (const player of players) player.leave();
  const loopDelayMs = { max: delay.max / 1e6, p99: delay.percentile(99) / 1e6 };
  return { ...tally, rounds, messagesSeen, messagesMoved: ledger.moved, loopDelayMs };
}

async function play(player: Player, commands: number): Promise<void> {
  for (let i = 0; i < commands; i++) await player.act();
}
