import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CountingClient } from './imap/client.ts';
import { missingDovecot, startDovecotImap } from './imap/dovecot.ts';
import { fill } from './imap/fill.ts';
import { type Contender, type House, opened, startHouse } from './imap/house.ts';
import { type Measure, measuresOf, type Sample } from './imap/measures.ts';
import { expungeMost, measureStalls, measureUpkeep, UPKEEP } from './imap/stalls.ts';

// IMAP through a hub and a node, and by the node alone, beside Dovecot's imapd in the same run, in turn, medians:
// npm run bench -- imap [--messages N] [--mailboxes N] [--rounds N] [--only WORD,…] [--data DIRECTORY] [--no-stalls]. Then how long other
// sessions of the node wait while one does heavy things, and while the node does its upkeep.
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    mailboxes: { type: 'string', default: '1000' },
    /** Large messages, whose bodies are read. */
    bodies: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '3' },
    /** Measures whose names have one of these in them. */
    only: { type: 'string', default: '' },
    'no-stalls': { type: 'boolean', default: false },
    /** Keeps what was filled, for the next run. */
    data: { type: 'string' },
  },
});
const amounts = {
  messages: Number(values.messages),
  mailboxes: Number(values.mailboxes),
  bodies: Number(values.bodies),
};
const ROUNDS = Number(values.rounds);
const wanted = values.only.split(',');

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;

function shown({ unit }: Measure, samples: readonly Sample[]): { readonly text: string; readonly cost: number } {
  const cost = median(samples.map(({ ms, amount }) => ms / amount));
  if (samples.length === 0) return { text: '—', cost };
  if (unit === 'ms') return { text: `${median(samples.map(({ ms }) => ms)).toFixed(1)} ms`, cost };
  return { text: `${(1_000 / cost).toFixed(0)} ${unit}`, cost };
}

/** The contenders in turn; the last is the peer, if there is one. */
async function compare(ours: readonly Contender[], peer: Contender | undefined): Promise<void> {
  const contenders = peer ? [...ours, peer] : ours;
  const clients = new Map<Contender, CountingClient>();
  for (const contender of contenders) {
    const client = await opened(contender);
    await client.run('SELECT INBOX');
    clients.set(contender, client);
  }
  const ratios = peer ? ours.map(({ name }) => `× ${name}`.padStart(14)).join('') : '';
  console.log(`\n${'medians'.padEnd(38)}${contenders.map(({ name }) => name.padStart(14)).join('')}${ratios}`);
  for (const measure of measuresOf(amounts)) {
    if (!wanted.some((word) => measure.name.includes(word))) continue;
    const samples = contenders.map((): Sample[] => []);
    // In turn; the first round warms up.
    for (let round = 0; round <= ROUNDS; round++)
      for (const [index, contender] of contenders.entries()) {
        if (contender === peer && measure.oursOnly) continue;
        const sample = await measure.run(clients.get(contender)!, contender, round);
        if (round > 0) samples[index]!.push(sample);
      }
    const results = samples.map((list) => shown(measure, list));
    const theirs = peer ? results.at(-1)!.cost : Number.NaN;
    const times = ours.map((_, i) => (Number.isNaN(theirs) ? '' : `${(theirs / results[i]!.cost).toFixed(2)}×`));
    const columns = [...results.map(({ text }) => text), ...times].map((text) => text.padStart(14)).join('');
    console.log(`${measure.name.padEnd(38)}${columns}  ${measure.limit ?? ''}`);
  }
  for (const client of clients.values()) client.close();
}

/** What is measured is a search, not the index's way there. */
async function indexedAll({ figures }: House): Promise<void> {
  const started = performance.now();
  let last = -1;
  for (let now = 0; now !== last; ) {
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    now = (await figures()).indexed;
  }
  console.log(
    `the text index took ${((performance.now() - started) / 1_000).toFixed(0)} s more for all ${last} messages`,
  );
}

const directory = values.data ?? mkdtempSync(join(tmpdir(), 'rookery-bench-imap-'));
mkdirSync(directory, { recursive: true });
const missing = missingDovecot();
if (missing) console.log(`Without the peer: ${missing}`);
let house = await startHouse(directory);
try {
  await fill(house.node, amounts);
  await using peer = missing ? undefined : await startDovecotImap(values.data && join(values.data, 'dovecot'));
  const dovecot = peer && { name: 'Dovecot', port: peer.port, login: (user: 0 | 1) => `LOGIN u${user} pass` };
  if (dovecot) await fill(dovecot, amounts);
  await peer?.restartDurable();
  console.log(`longest pause of the node while filling ${(await house.figures()).pauses.maxMs.toFixed(0)} ms`);
  await indexedAll(house);
  await compare([house.contender, house.node], dovecot);
  const { pauses, rssBytes } = await house.figures();
  console.log(`the node: longest pause ${pauses.maxMs.toFixed(0)} ms, ${(rssBytes / 1e6).toFixed(0)} MB`);
  if (!values['no-stalls']) {
    await measureStalls(house);
    if (values.data === undefined) await expungeMost(house, amounts.messages);
    house.stop();
    house = await startHouse(directory, UPKEEP);
    await measureUpkeep(house);
  }
} finally {
  house.stop();
  if (values.data === undefined) rmSync(directory, { recursive: true, force: true });
}
process.exit();
