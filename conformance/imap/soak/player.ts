import assert from 'node:assert/strict';
import type { Random } from '#stdx';
import { type ImapAnswer, type ImapTestClient, until } from '#testing';
import { Beliefs, changedFlags, type Style } from './beliefs.ts';
import type { Ledger } from './ledger.ts';
import type { Leg } from './world.ts';

/** Commands answered, and how long the slowest took. */
export interface Tally {
  commands: number;
  slowestMs: number;
}

export interface PlayerParts {
  readonly style: Style;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly tally: Tally;
  /** Opens a session, or goes on with one from its mark. */
  readonly open: (mark?: Uint8Array) => Promise<Leg>;
  /** Monotonic, milliseconds. */
  readonly now: () => number;
}

/** More messages than this are moved away rather than added to. */
const MESSAGES_MAX = 150;

/** A client that does whatever comes to its mind. */
export class Player {
  readonly beliefs: Beliefs;
  private leg: Leg | null = null;

  constructor(private readonly parts: PlayerParts) {
    this.beliefs = new Beliefs(parts.style);
  }

  async join(): Promise<void> {
    this.leg = await this.parts.open();
    if (this.parts.style.enable) await this.command(`ENABLE ${this.parts.style.enable}`);
    const { notify } = this.parts.style;
    if (notify) await this.command(`NOTIFY SET (${notify} (MessageNew (UID FLAGS) MessageExpunge FlagChange))`);
    await this.select();
  }

  leave(): void {
    this.leg?.client.close();
  }

  /** Asks for what it was never told, and for nothing else: what it knows must be right by itself. */
  async catchUp(): Promise<void> {
    const { beliefs } = this;
    await this.hear('NOOP', true);
    if (beliefs.isComplete) return;
    if (this.parts.style.uidOnly) await this.hear('UID FETCH 1:* (FLAGS)', true);
    else for (const number of beliefs.unread) await this.hear(`FETCH ${number} (UID FLAGS)`, false);
  }

  /** One command picked at random. */
  async act(): Promise<void> {
    const { beliefs } = this;
    if (beliefs.exists > MESSAGES_MAX) return this.thinOut();
    const choices = this.parts.style.uidOnly ? BY_UID : [...BY_UID, ...BY_NUMBER];
    const act = beliefs.uids.length === 0 ? append : choices[this.pick(choices.length)]!;
    await act(this);
  }

  get ledger(): Ledger {
    return this.parts.ledger;
  }

  pick(count: number): number {
    return Math.floor(this.parts.random.fraction() * count);
  }

  /** A few neighbouring messages: numbers from 1, and their uids where they are all known. */
  some(): { first: number; last: number; uids: readonly number[] | null } {
    const { uids } = this.beliefs;
    const first = 1 + this.pick(uids.length);
    const last = Math.min(uids.length, first + this.pick(4));
    const known = uids.slice(first - 1, last).filter((uid) => uid !== undefined);
    return { first, last, uids: known.length === last - first + 1 ? known : null };
  }

  /** Says a command and believes what it hears. */
  async hear(command: string, expungesAllowed: boolean, ...parts: readonly Uint8Array[]): Promise<ImapAnswer> {
    const answer = await this.command(command, ...parts);
    this.beliefs.take(answer, expungesAllowed);
    return answer;
  }

  async command(command: string, ...parts: readonly Uint8Array[]): Promise<ImapAnswer> {
    const { tally, now } = this.parts;
    const startedAt = now();
    const answer = await this.client.command(command, ...parts);
    tally.commands++;
    tally.slowestMs = Math.max(tally.slowestMs, now() - startedAt);
    assert.ok(!answer.tagged.startsWith('BAD'), `${command}: ${answer.tagged}`);
    return answer;
  }

  async select(): Promise<void> {
    const answer = await this.command('SELECT INBOX');
    this.beliefs.forget();
    // What was said before the old view closed was of that one (RFC 9051 §7.1 CLOSED).
    const closed = answer.untagged.findIndex((response) => response.startsWith('OK [CLOSED]'));
    this.beliefs.take({ ...answer, untagged: answer.untagged.slice(closed + 1) }, true);
    if (this.beliefs.exists > 0) await this.hear('UID FETCH 1:* (FLAGS)', true);
  }

  /** The node is lost, and another goes on from the last mark; the client notices nothing. */
  async changeNode(): Promise<void> {
    const leg = this.leg!;
    await until('the mark of the last answer', () => leg.bytesSinceMark() === 0);
    const { state } = leg.mark();
    this.beliefs.take({ tagged: '', untagged: await leg.client.unasked() }, true);
    leg.client.close();
    this.leg = await this.parts.open(state);
  }

  private async thinOut(): Promise<void> {
    const known = this.beliefs.uids.filter((uid) => uid !== undefined).slice(0, MESSAGES_MAX / 3);
    if (known.length > 0) this.ledger.movedAway(await this.hear(`UID MOVE ${known.join(',')} Trash`, true));
    else await this.catchUp();
  }

  private get client(): ImapTestClient {
    return this.leg!.client;
  }
}

type Act = (player: Player) => Promise<unknown>;

const textOf = (token: string): Buffer => Buffer.from(`Subject: ${token}\r\n\r\n${token}\r\n`);

const append: Act = async (player) => {
  const token = player.ledger.newToken();
  const bytes = textOf(token);
  const flags = player.pick(3) === 0 ? '(\\Seen) ' : '';
  player.ledger.appended(await player.hear(`APPEND INBOX ${flags}{${bytes.length}}`, true, bytes), token);
};

/** Numbers told by SEARCH, SORT or THREAD are numbers of messages, each once. */
function checkNumbers(answer: ImapAnswer, largest: number): void {
  const list = answer.untagged.find((response) => /^(SEARCH|SORT|THREAD|ESEARCH)/.test(response)) ?? '';
  if (list.startsWith('ESEARCH')) return;
  const numbers = (list.match(/\d+/g) ?? []).map(Number);
  assert.ok(
    numbers.every((number) => number >= 1 && number <= largest),
    `${list} of ${largest}`,
  );
  assert.equal(new Set(numbers).size, numbers.length, list);
}

async function store(player: Player, byUid: boolean): Promise<void> {
  const { beliefs, ledger } = player;
  const { first, last, uids } = player.some();
  if (!uids) return void (await player.hear('NOOP', true));
  const mode = (['+', '-', ''] as const)[player.pick(3)]!;
  const flag = ['\\Deleted', '\\Flagged', 'blue'][player.pick(3)]!;
  const silent = player.pick(2) === 0;
  if (flag === '\\Deleted' && mode !== '-') ledger.mayGo(uids);
  const what = byUid ? `UID STORE ${uids.join(',')}` : `STORE ${first}:${last}`;
  const answer = await player.command(`${what} ${mode}FLAGS${silent ? '.SILENT' : ''} (${flag})`);
  // A silent client knows what it did, unless it is told otherwise in the answer.
  for (const uid of silent ? uids : []) {
    const before = beliefs.flags.get(uid);
    if (before !== undefined) beliefs.flags.set(uid, changedFlags(before, mode, flag));
  }
  beliefs.take(answer, byUid);
}

async function replace(player: Player): Promise<void> {
  const { uids } = player.some();
  const uid = uids?.[0];
  if (uid === undefined) return;
  const token = player.ledger.newToken();
  const bytes = textOf(token);
  player.ledger.mayGo([uid]);
  // With the message gone already it is refused before the literal is asked for.
  player.ledger.appended(await player.hear(`UID REPLACE ${uid} INBOX {${bytes.length}}`, true, bytes), token);
}

const BY_UID: readonly Act[] = [
  append,
  append,
  (player) => player.hear('NOOP', true),
  (player) => player.hear('UID FETCH 1:* (UID)', true),
  (player) => store(player, true),
  (player) => player.hear('UID SEARCH RETURN (COUNT) UNSEEN', true),
  (player) => player.hear('UID SORT (REVERSE ARRIVAL) UTF-8 ALL', true),
  (player) => player.hear('EXPUNGE', true),
  (player) => player.hear(`UID EXPUNGE ${player.some().uids?.join(',') ?? '1'}`, true),
  async (player) => {
    const { uids } = player.some();
    if (uids) player.ledger.movedAway(await player.hear(`UID MOVE ${uids.join(',')} Trash`, true));
  },
  replace,
  (player) => player.select(),
  (player) => player.changeNode(),
];

const BY_NUMBER: readonly Act[] = [
  (player) => {
    const { first, last } = player.some();
    return player.hear(`FETCH ${first}:${last} (UID FLAGS)`, false);
  },
  (player) => player.hear(`FETCH ${player.some().first} (UID BODY[TEXT])`, false),
  (player) => store(player, false),
  (player) => store(player, false),
  async (player) => checkNumbers(await player.hear('SEARCH ALL', false), player.beliefs.exists),
  async (player) => checkNumbers(await player.hear('SORT (SUBJECT) UTF-8 ALL', false), player.beliefs.exists),
  async (player) => checkNumbers(await player.hear('THREAD REFERENCES UTF-8 ALL', false), player.beliefs.exists),
  async (player) => player.ledger.movedAway(await player.hear(`MOVE ${player.some().first} Trash`, true)),
  async (player) => {
    const { first, last } = player.some();
    player.ledger.copied(await player.hear(`COPY ${first}:${last} INBOX`, true));
  },
];
