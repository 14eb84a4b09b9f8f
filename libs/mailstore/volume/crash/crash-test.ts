import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MailStore } from '#mailstore/api';
import { messageParser } from '#protocol/message';
import { type Logger, type Random, silentLogger, systemClock, systemContext } from '#stdx';
import { createVolume } from '../identity.ts';
import { openVolume } from '../open-volume.ts';
import { COLD_SETTINGS, coldPlaceOf } from './cold-place.ts';
import { readAccount, shapeOf } from './compare.ts';
import { AccountModel, type CrashOperation, LARGE_BYTES } from './model.ts';
import { begin } from './perform.ts';
import { assertSound } from './soundness.ts';
import type { WriterLine, WriterOrders } from './writer.ts';

const context = systemContext('crash');
const ACCOUNTS = ['ann', 'bob', 'cat', 'dan', 'eve', 'fay'];

export interface CrashFigures {
  kills: number;
  /** Operations acknowledged, over all lives of the writer. */
  acknowledged: number;
  /** Operations under way when the writer died: applied as a whole, or not at all. */
  applied: number;
  undone: number;
  /** Segments compacted, and messages moved to cold storage, before the kills. */
  compacted: number;
  tiered: number;
  /** Longest opening after a kill, milliseconds, waiting for the lock included. */
  slowestOpenMs: number;
}

/** What is known of an account while the writer runs. */
interface Ledger {
  model: AccountModel;
  underWay: CrashOperation | undefined;
  modSeq: number;
}

/**
 * Kills a writing process at random points and looks at what it left: everything acknowledged is there byte for byte, what
 * was under way is there as a whole or not at all, nothing is there twice, no uid, modSeq or event id was used again.
 */
export class CrashTest {
  readonly figures: CrashFigures = {
    ...{ kills: 0, acknowledged: 0, applied: 0, undone: 0, compacted: 0, tiered: 0, slowestOpenMs: 0 },
  };
  private readonly ledgers = new Map<string, Ledger>();
  private readonly eventIds = new Set<string>();
  private epoch = 1;
  /** Segments the writer under way has compacted. */
  private compacted = 0;
  private tiered = 0;

  private constructor(
    private readonly path: string,
    private readonly random: Random,
  ) {}

  static async run(kills: number, random: Random, onKill?: (figures: CrashFigures) => void): Promise<CrashFigures> {
    const path = await mkdtemp(join(tmpdir(), 'rookery-crash-'));
    const test = new CrashTest(path, random);
    try {
      await createVolume(path, { volumeId: 'crash', clusterId: 'crash' });
      await test.prepare();
      for (let i = 0; i < kills; i++) {
        await test.killOnce();
        await test.check();
        onKill?.(test.figures);
      }
      return test.figures;
    } finally {
      await rm(path, { recursive: true, force: true });
    }
  }

  private get coldPath(): string {
    return join(this.path, 'cold');
  }

  private async prepare(): Promise<void> {
    const store = await this.open();
    for (const accountId of ACCOUNTS) {
      await begin(store, accountId);
      const mailboxes = await store.mailboxes(context, accountId);
      const model = AccountModel.of({
        mailboxes: mailboxes.map(({ name }) => [name, 1, []]),
        queue: [],
        scripts: [],
        active: null,
        events: 0,
      });
      this.ledgers.set(accountId, { model, underWay: undefined, modSeq: 0 });
    }
    await store.close();
  }

  private open(logger: Logger = silentLogger): Promise<MailStore> {
    const identity = { path: this.path, volumeId: 'crash', clusterId: 'crash', epoch: this.epoch++ };
    const settings = { largeMessageBytes: LARGE_BYTES, ...COLD_SETTINGS };
    return openVolume({
      ...{ ...identity, clock: systemClock, logger, settings },
      ...{ parse: () => messageParser(), lockWaitMs: 5_000, cold: coldPlaceOf(this.coldPath) },
    });
  }

  private async killOnce(): Promise<void> {
    const orders: WriterOrders = {
      ...{
        path: this.path,
        coldPath: this.coldPath,
        epoch: this.epoch++,
        seed: Math.floor(this.random.fraction() * 2 ** 32),
      },
      accounts: [...this.ledgers].map(([account, { model }]) => [account, model.state()] as const),
    };
    const file = join(this.path, 'orders.json');
    await writeFile(file, JSON.stringify(orders));
    const script = fileURLToPath(new URL('./writer.js', import.meta.url));
    const child = spawn(process.execPath, [script, file], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const killLater = (ms: number): void => void setTimeout(() => child.kill('SIGKILL'), ms);
    // One in eight dies while it opens the volume, the others after some answers, few or many.
    const early = this.random.fraction() < 0.125;
    let answers = Math.floor(this.random.fraction() ** 2 * 120);
    if (early) killLater(40 + this.random.fraction() * 60);
    let fault: unknown;
    const hear = (said: WriterLine): void => {
      if (said.line !== 'begin' && answers-- === 0) killLater(this.random.fraction() * 5);
      this.hear(said);
    };
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      try {
        for (const line of lines) hear(JSON.parse(line));
      } catch (error) {
        fault ??= error;
        child.kill('SIGKILL');
      }
    });
    await closed;
    if (fault !== undefined) throw fault;
    this.figures.compacted += this.compacted;
    this.figures.tiered += this.tiered;
    this.compacted = 0;
    this.tiered = 0;
    this.figures.kills += 1;
  }

  private hear(said: WriterLine): void {
    if (said.line === 'fault') throw new Error(`the writer failed before it was killed: ${said.message}`);
    if (said.line === 'ready') return;
    const ledger = this.ledgers.get(said.account);
    assert(ledger);
    if (said.line === 'begin') {
      ledger.underWay = said.operation;
      return;
    }
    assert(ledger.underWay);
    assert(said.modSeq >= ledger.modSeq, 'modSeq went back');
    ledger.model.apply(ledger.underWay);
    ledger.underWay = undefined;
    ledger.modSeq = said.modSeq;
    this.compacted = said.compacted;
    this.tiered = said.tiered;
    this.figures.acknowledged += 1;
  }

  private async check(): Promise<void> {
    const begun = performance.now();
    const store = await this.open();
    this.figures.slowestOpenMs = Math.max(this.figures.slowestOpenMs, performance.now() - begun);
    for (const [accountId, ledger] of this.ledgers) {
      await this.checkAccount(store, accountId, ledger);
      const { modSeq } = await store.account(context, accountId);
      assert(modSeq >= ledger.modSeq, `modSeq of ${accountId} went back from ${ledger.modSeq} to ${modSeq}`);
      ledger.modSeq = modSeq;
    }
    await this.checkEvents(store);
    await store.close();
    assertSound(this.path);
  }

  private async checkAccount(store: MailStore, accountId: string, ledger: Ledger): Promise<void> {
    const found = await readAccount(store, accountId);
    const { model, underWay } = ledger;
    ledger.underWay = undefined;
    if (!underWay || isSame(found, shapeOf(model))) {
      assert.deepEqual(found, shapeOf(model));
      if (underWay) this.figures.undone += 1;
      return;
    }
    const after = model.after(underWay);
    assert.deepEqual(found, shapeOf(after), `${accountId} is neither before nor after ${JSON.stringify(underWay)}`);
    ledger.model = after;
    this.figures.applied += 1;
  }

  private async checkEvents(store: MailStore): Promise<void> {
    const events = await store.usagePending(1_000_000);
    for (const { id } of events) {
      assert(!this.eventIds.has(id), `event ${id} was given out twice`);
      this.eventIds.add(id);
    }
    for (const [accountId, { model }] of this.ledgers) {
      const mine = events.filter(({ partnerId }) => partnerId === accountId);
      assert.equal(mine.length, model.events, `usage events of ${accountId}`);
      model.events = 0;
    }
    await store.usageConfirm(events.map(({ id }) => id));
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
