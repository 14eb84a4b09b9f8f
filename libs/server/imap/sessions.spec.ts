import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '#stdx';
import { type ImapAnswer, type ImapTestClient, until } from '#testing';
import { ACCOUNT, CONTEXT, imapWorld, type Leg, message, type World } from './fixture.test.ts';

/** What a client believes, made of nothing but what it was told. `undefined`: not told yet. */
class Believer {
  uids: (number | undefined)[] = [];
  readonly flags = new Map<number, string>();

  constructor(
    private leg: Leg,
    private readonly world: World,
    private readonly random: Random,
  ) {}

  get client(): ImapTestClient {
    return this.leg.client;
  }

  /** The node is lost, and another goes on from the last mark; the client notices nothing. */
  async changeNode(): Promise<void> {
    await until('the mark of the last answer', () => this.leg.bytesSinceMark() === 0);
    const { state } = this.leg.mark();
    this.leg.client.close();
    this.leg = await this.world.leg(state);
  }

  async select(): Promise<void> {
    this.uids = [];
    this.flags.clear();
    this.take(await this.client.command('SELECT INBOX'), true);
    await this.readAll();
  }

  get knowsFlags(): boolean {
    return this.uids.every((uid) => uid !== undefined && this.flags.has(uid));
  }

  /** Asks for the flags of those never told of, and of no others: what it has of them must be right by itself. */
  async readNew(): Promise<void> {
    for (const [i, uid] of this.uids.entries())
      if (uid === undefined || !this.flags.has(uid))
        this.take(await this.client.command(`FETCH ${i + 1} (UID FLAGS)`), false);
  }

  async readAll(): Promise<void> {
    if (this.uids.length === 0) return this.take(await this.client.command('NOOP'), true);
    this.take(await this.client.command('UID FETCH 1:* (FLAGS)'), true);
  }

  /** Applies every response in order and checks that it can be true. */
  take(answer: ImapAnswer, expungesAllowed: boolean): void {
    for (const response of answer.untagged) {
      const [, number, what = '', rest = ''] =
        /^(\d+) (EXISTS|EXPUNGE|FETCH|RECENT)(?: \((.*)\))?$/s.exec(response) ?? [];
      const n = Number(number);
      if (what === 'EXISTS') {
        assert.ok(n >= this.uids.length, `EXISTS ${n} takes away messages`);
        while (this.uids.length < n) this.uids.push(undefined);
      } else if (what === 'EXPUNGE') {
        assert.ok(expungesAllowed, 'EXPUNGE where sequence numbers are in use');
        assert.ok(n >= 1 && n <= this.uids.length, `EXPUNGE ${n} of ${this.uids.length}: ${JSON.stringify(answer)}`);
        const [uid] = this.uids.splice(n - 1, 1);
        if (uid !== undefined) this.flags.delete(uid);
      } else if (what === 'FETCH') this.takeFetch(n, rest);
    }
  }

  private takeFetch(n: number, rest: string): void {
    assert.ok(n >= 1 && n <= this.uids.length, `FETCH ${n} of ${this.uids.length}`);
    const uid = Number(/UID (\d+)/.exec(rest)?.[1] ?? this.uids[n - 1]);
    const known = this.uids[n - 1];
    assert.ok(known === undefined || known === uid, `message ${n} was ${known} and is now ${uid}`);
    this.uids[n - 1] = uid;
    const flags = /FLAGS \(([^)]*)\)/.exec(rest)?.[1];
    if (flags !== undefined) this.flags.set(uid, plain(flags));
  }

  /** One command picked at random. */
  async act(): Promise<void> {
    const { client } = this;
    const n = this.uids.length;
    const kind = this.pick(14);
    if (kind === 0 || n === 0) return this.take(await client.command('NOOP'), true);
    const first = 1 + this.pick(n);
    const last = Math.min(n, first + this.pick(4));
    const uid = this.uids[first - 1] ?? 1;
    switch (kind) {
      case 1:
        return this.take(await client.command(`FETCH ${first}:${last} (UID FLAGS)`), false);
      case 2:
        return this.take(await client.command(`FETCH ${first} (UID BODY[TEXT])`), false);
      case 3:
        return this.take(await client.command('UID FETCH 1:* (UID)'), true);
      case 4:
        return this.store(`STORE ${first}:${last}`, this.uids.slice(first - 1, last), false);
      case 5:
        return this.store(`UID STORE ${uid}`, [uid], true);
      case 6:
        return this.search(false);
      case 7:
        return this.search(true);
      case 8:
        return this.take(await client.command('EXPUNGE'), true);
      case 9:
        return this.take(await client.command(`MOVE ${first} Trash`), true);
      case 10:
        return this.take(await client.command(`COPY ${first}:${last} INBOX`), true);
      case 11:
        return this.take(await append(client, this.pick(3) === 0 ? '(\\Seen)' : ''), true);
      case 12:
        return this.changeNode();
      default:
        return this.take(await client.command(`UID EXPUNGE ${uid}`), true);
    }
  }

  private async store(what: string, targets: (number | undefined)[], expunges: boolean): Promise<void> {
    const mode = ['+', '-', ''][this.pick(3)]!;
    const flag = ['\\Deleted', '\\Flagged', 'blue'][this.pick(3)]!;
    const silent = this.pick(2) === 0;
    const answer = await this.client.command(`${what} ${mode}FLAGS${silent ? '.SILENT' : ''} (${flag})`);
    // A silent client knows what it did, unless it is told otherwise in the answer.
    if (silent)
      for (const uid of targets) {
        const before = uid === undefined ? undefined : this.flags.get(uid);
        if (uid !== undefined && before !== undefined) this.flags.set(uid, changed(before, mode, flag));
      }
    this.take(answer, expunges);
  }

  private async search(uid: boolean): Promise<void> {
    const answer = await this.client.command(`${uid ? 'UID ' : ''}SEARCH ALL`);
    const found = answer.untagged
      .find((response) => response.startsWith('SEARCH'))!
      .split(' ')
      .slice(1)
      .map(Number);
    const before = this.uids.length;
    if (!uid)
      assert.ok(
        found.every((n) => n <= before),
        'SEARCH found more than there is',
      );
    this.take(answer, uid);
  }

  private pick(n: number): number {
    return Math.floor(this.random.fraction() * n);
  }
}

const plain = (flags: string): string =>
  flags
    .split(' ')
    .filter((flag) => flag !== '' && flag !== '\\Recent')
    .sort()
    .join(' ');

function changed(before: string, mode: string, flag: string): string {
  const flags = new Set(before.split(' ').filter((each) => each !== ''));
  if (mode === '') flags.clear();
  if (mode === '-') flags.delete(flag);
  else flags.add(flag);
  return [...flags].sort().join(' ');
}

async function append(client: ImapTestClient, flags: string): Promise<ImapAnswer> {
  const bytes = Buffer.from(message('random'));
  return client.command(`APPEND INBOX ${flags}${flags && ' '}{${bytes.length}}`, bytes);
}

/** What the store holds, as a client that has been told everything believes it. */
async function truth({ store }: World): Promise<string[]> {
  const { id } = await store.mailbox(CONTEXT, ACCOUNT.accountId, 'INBOX');
  const all: string[] = [];
  const whole = [{ first: 1, last: Infinity }];
  for await (const batch of store.summaries(CONTEXT, { accountId: ACCOUNT.accountId, mailboxId: id }, whole))
    for (const { uid, keywords } of batch) all.push(`${uid}: ${plain(keywords.map(asFlag).join(' '))}`);
  return all;
}

const FLAG: Readonly<Record<string, string>> = { $seen: '\\Seen', $deleted: '\\Deleted', $flagged: '\\Flagged' };
const asFlag = (keyword: string): string => FLAG[keyword] ?? keyword;

async function run(seed: number, clients: number, rounds: number): Promise<void> {
  const world = imapWorld({}, { ...ACCOUNT, quotaBytes: 0 });
  const random = seededRandom(seed);
  const believers: Believer[] = [];
  for (let i = 0; i < clients; i++) believers.push(new Believer(await world.leg(), world, random));
  for (let i = 0; i < 10; i++) await append(believers[0]!.client, '');
  await Promise.all(believers.map((believer) => believer.select()));
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      believers.map(async (believer) => {
        for (let i = 0; i < 5; i++) await believer.act();
      }),
    );
    if (round % 4 !== 3) continue;
    for (const believer of believers) believer.take(await believer.client.command('NOOP'), true);
    // New messages' flags are not pushed; a client asks for those it has not seen.
    for (const believer of believers) if (!believer.knowsFlags) await believer.readNew();
    const expected = await truth(world);
    for (const believer of believers)
      assert.deepEqual(
        believer.uids.map((uid) => `${uid}: ${believer.flags.get(uid!)}`),
        expected,
        `seed ${seed}`,
      );
  }
  assert.deepEqual(world.errors, []);
  for (const believer of believers) believer.client.close();
}

describe('several clients on one mailbox', () => {
  const seeds = Number(process.env['ROOKERY_IMAP_SEEDS'] ?? 12);
  for (let seed = 1; seed <= seeds; seed++)
    it(`believe what is true, seed ${seed}`, () => run(seed, 2 + (seed % 4), 16));
});
