import { parseArgs } from 'node:util';
import { systemClock } from '#stdx';
import { soak } from './soak/soak.ts';

// Sessions at once on one mailbox, for longer than tests can be:
//   node dist/conformance/imap/main.js --sessions 20 --minutes 10 --seed 1
const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});

const [sessions, minutes, seed] = [Number(values.sessions), Number(values.minutes), Number(values.seed)];
const endsAt = systemClock.monotonic() + minutes * 60_000;
const goesOn = (): boolean => systemClock.monotonic() < endsAt;
const report = await soak({ sessions, seed, goesOn, commandsARound: 40 });
const { commands, rounds, messagesSeen, messagesMoved, slowestMs, loopDelayMs } = report;
console.log(
  `${sessions} sessions, seed ${seed}: ${commands} commands in ${rounds} rounds, nothing lost, nothing invented`,
);
console.log(`messages compared ${messagesSeen} times with each session; moved ${messagesMoved}`);
console.log(
  `slowest command ${slowestMs.toFixed(0)} ms; event loop late by at most ${loopDelayMs.max.toFixed(0)} ms, p99 ${loopDelayMs.p99.toFixed(1)} ms`,
);
