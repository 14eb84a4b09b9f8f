import type { CountingClient } from './client.ts';
import { type Contender, opened } from './house.ts';
import { mailText, words } from './mail.ts';

/** One measurement: how long it took, and how many bytes or messages that was for. */
export interface Sample {
  readonly ms: number;
  readonly amount: number;
}

export interface Measure {
  readonly name: string;
  readonly unit: 'ms' | 'MB/s' | 'a second';
  /** The limit of docs/MAILSTORE.md: milliseconds at most, or how many times the peer at least. */
  readonly limit?: string;
  /** Ours alone: the peer would take minutes. */
  readonly oursOnly?: boolean;
  run(client: CountingClient, contender: Contender, round: number): Promise<Sample>;
}

/** A command as it is, or as it is in each round. */
const timed =
  (command: string | ((round: number) => string), amount = 1): Measure['run'] =>
  async (client, _, round) => ({
    ms: await client.run(typeof command === 'string' ? command : command(round)),
    amount,
  });

const APPENDS = 100;

/** Everything that is compared, with the first user's INBOX selected. */
export function measuresOf({ messages, mailboxes }: { messages: number; mailboxes: number }): readonly Measure[] {
  const first = (most: number): string => `1:${Math.min(messages, most)}`;
  return [
    {
      name: 'connect, LOGIN, SELECT',
      unit: 'ms',
      async run(_client, contender) {
        const started = performance.now();
        const client = await opened(contender);
        await client.run('SELECT INBOX');
        client.close();
        return { ms: performance.now() - started, amount: 1 };
      },
    },
    { name: 'SELECT', unit: 'ms', limit: '≤ 50 ms', run: timed('SELECT INBOX') },
    { name: 'FETCH 1:* (UID FLAGS)', unit: 'ms', limit: '≥ 1×', run: timed('FETCH 1:* (UID FLAGS)') },
    {
      name: `FETCH ${first(20_000)} ENVELOPE`,
      unit: 'ms',
      limit: '≥ 1×',
      run: timed(`FETCH ${first(20_000)} (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)`),
    },
    { name: `FETCH ${first(20_000)} BODYSTRUCTURE`, unit: 'ms', run: timed(`FETCH ${first(20_000)} BODYSTRUCTURE`) },
    {
      name: 'FETCH bodies of 100 KB',
      unit: 'MB/s',
      limit: '≥ 0.8×',
      async run(client) {
        await client.run('EXAMINE Bodies');
        const ms = await client.run('FETCH 1:* BODY.PEEK[]');
        const amount = client.bytes / 1e6;
        await client.run('SELECT INBOX');
        return { ms, amount };
      },
    },
    {
      name: `FETCH ${first(5_000)} bodies of 2 KB`,
      unit: 'MB/s',
      async run(client) {
        const ms = await client.run(`FETCH ${first(5_000)} BODY.PEEK[]`);
        return { ms, amount: client.bytes / 1e6 };
      },
    },
    ...searches(first),
    { name: 'SORT (REVERSE DATE), all', unit: 'ms', run: timed('SORT (REVERSE DATE) UTF-8 ALL') },
    { name: 'SORT (SUBJECT), all', unit: 'ms', run: timed('SORT (SUBJECT) UTF-8 ALL') },
    { name: 'THREAD REFERENCES, all', unit: 'ms', run: timed('THREAD REFERENCES UTF-8 ALL') },
    {
      name: 'APPEND, one after the other',
      unit: 'a second',
      async run(client, _, round) {
        let ms = 0;
        for (let i = 0; i < APPENDS; i++) {
          const text = mailText(1_000_000 + round * APPENDS + i);
          ms += await client.run(`APPEND Appended {${text.length}+}\r\n`, text, '\r\n');
        }
        return { ms, amount: APPENDS };
      },
    },
    {
      name: `STORE ${first(2_000)} FLAGS`,
      unit: 'ms',
      run: timed((round) => `STORE ${first(2_000)} ${round % 2 ? '+' : '-'}FLAGS (\\Flagged)`),
    },
    {
      name: 'MOVE of 100, and back',
      unit: 'ms',
      async run(client) {
        await client.run('SELECT Appended');
        const there = await client.run('MOVE 1:100 Moved');
        await client.run('SELECT Moved');
        const back = await client.run('MOVE 1:100 Appended');
        await client.run('SELECT INBOX');
        return { ms: there + back, amount: 1 };
      },
    },
    withMailboxes(`LIST of ${mailboxes}`, 'LIST "" *'),
    withMailboxes(`LIST of ${mailboxes} with STATUS`, 'LIST "" * RETURN (STATUS (MESSAGES UIDNEXT UNSEEN))'),
    {
      name: 'STATUS of 100',
      unit: 'ms',
      async run(_client, contender) {
        const client = await opened(contender, 1);
        let ms = 0;
        for (let i = 0; i < Math.min(100, mailboxes); i++)
          ms += await client.run(`STATUS "Folder ${i % 20}/Box ${i}" (MESSAGES UIDNEXT UNSEEN)`);
        client.close();
        return { ms, amount: 1 };
      },
    },
  ];
}

const searches = (first: (most: number) => string): readonly Measure[] => [
  { name: 'SEARCH UNSEEN LARGER, all', unit: 'ms', run: timed('SEARCH UNSEEN LARGER 1000') },
  { name: 'SEARCH FLAGGED, all', unit: 'ms', run: timed('SEARCH FLAGGED') },
  {
    name: 'SEARCH SENTSINCE SENTBEFORE, all',
    unit: 'ms',
    run: timed('SEARCH SENTSINCE 3-Mar-2024 SENTBEFORE 7-Mar-2024'),
  },
  { name: 'SEARCH FROM, all', unit: 'ms', run: timed((round) => `SEARCH FROM sender${777 + round}@`) },
  {
    name: `SEARCH ${first(2_000)} TEXT, a rare word`,
    unit: 'ms',
    run: timed((round) => `SEARCH ${first(2_000)} TEXT ${words(10_000 + round)}`),
  },
  {
    name: 'SEARCH TEXT, a rare word, all',
    unit: 'ms',
    limit: '≤ 100 ms',
    oursOnly: true,
    run: timed((round) => `SEARCH TEXT ${words(11_000 + round)}`),
  },
];

/** What the second user, who has many mailboxes, asks. */
const withMailboxes = (name: string, command: string): Measure => ({
  name,
  unit: 'ms',
  async run(_client, contender) {
    const client = await opened(contender, 1);
    const ms = await client.run(command);
    client.close();
    return { ms, amount: 1 };
  },
});
