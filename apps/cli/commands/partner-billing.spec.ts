import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MonthRating } from '#billing/invoice';
import { InvoiceFinalization, MonthClosing, PostgresBillingAccounts } from '#billing/postgres';
import { Database } from '#database';
import { PostgresMetering, PostgresUsageReader, type UsageEvent } from '#metering';
import { systemClock } from '#stdx';
import { temporaryDirectory, testDatabase } from '#testing';
import { runCli } from '../cli.ts';
import { insertOperatorKey, listening, spawnApi } from '../cli-fixture.spec.ts';

describe('rookery spend, dispute, refund, invoice evidence and the seller', () => {
  const directory = temporaryDirectory();
  let home: Awaited<ReturnType<typeof testDatabase>>;
  let database: Database;
  let api: ChildProcess;
  let url = '';
  let key = '';
  let invoice = '';

  before(async () => {
    home = await testDatabase();
    database = new Database({ url: home.url });
    key = await insertOperatorKey(home.url);
    api = spawnApi(home.url);
    url = await listening(api);
    await json('partner', 'create', 'acme', '--name', 'Acme');
    invoice = await lastMonth();
  });
  after(async () => {
    const exited = new Promise((resolve) => api.once('exit', resolve));
    api.kill('SIGTERM');
    await exited;
    await database.close();
    await home[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const rookery = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const code = await runCli([...args, '--url', url], {
      environment: { ROOKERY_API_KEY: key },
      readInput: async () => '',
      print: (line) => (out += `${line}\n`),
      complain: (line) => (err += `${line}\n`),
    });
    return { code, out, err };
  };
  async function json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await rookery(...args, '--json');
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  }

  /** Number of the invoice over last month's 100,000 messages. */
  async function lastMonth(): Promise<string> {
    const [row] = await database.query<{ id: string }>(
      `UPDATE partner SET created_at = date_trunc('month', now()) - interval '1 month' WHERE slug = 'acme' RETURNING id`,
    );
    const at = new Date(new Date().setUTCDate(0)).toISOString();
    const base = { source: 'test', partnerId: row!.id, at };
    const events: UsageEvent[] = [
      { ...base, id: 'c', subject: 'mx', kind: 'counter', meter: 'messages-in', quantity: 100_000 },
      { ...base, id: 'h', subject: 'hub-1', kind: 'start', meter: 'hub', label: 'hub one' },
    ];
    await new PostgresMetering(database, systemClock).ingest(events, 'internal');
    const clock = { ...systemClock, now: () => Date.now() + 2 * 86_400_000 };
    const accounts = new PostgresBillingAccounts(database);
    const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
    const closing = new MonthClosing(database, accounts, rating, systemClock);
    for (const due of await closing.due(9)) await closing.close(due);
    const finalization = new InvoiceFinalization(database, accounts, rating, clock);
    for (const id of await finalization.due(9)) await finalization.finalize(id);
    const list = await json<{ number: string | null }[]>('invoice', 'list', 'acme');
    return list.find(({ number }) => number !== null)!.number!;
  }

  it('shows and sets who sells', async () => {
    const set = [
      '--name',
      'Rookery GmbH',
      '--address',
      'Weg 1 | 10115 Berlin',
      '--country',
      'DE',
      '--iban',
      'DE02 1203 0000 0000 2020 51',
    ];
    await json(
      'billing',
      'set-seller',
      ...set,
      '--email',
      'billing@rookery.example',
      '--contact',
      'Ann',
      '--phone',
      '+49 30 1',
    );
    const seller = await json<{ name: string; address: string[]; iban: string }>('billing', 'seller');
    assert.deepEqual(
      [seller.name, seller.address, seller.iban],
      ['Rookery GmbH', ['Weg 1', '10115 Berlin'], 'DE02120300000000202051'],
    );
    assert.equal((await rookery('billing', 'set-seller')).code, 2);
    assert.match((await rookery('billing', 'set-seller', '--country', 'Germany')).err, /country/);
    // What is final stays as it was; what comes is not taxed here.
    await database.query('UPDATE billing_seller SET country = NULL');
  });

  it('shows the month so far and its end, by resource as well', async () => {
    const { out } = await rookery('spend', 'show', 'acme');
    assert.match(out, /Hub hours .* 1 running now go on/);
    const resources = await json<{ label: string }[]>('spend', 'resources', 'acme', '--component', 'hub-hours');
    assert.deepEqual(
      resources.map(({ label }) => label),
      ['hub one'],
    );
    assert.match((await rookery('spend', 'resources', 'acme')).out, /hub one/);
  });

  it('sets a budget, thresholds and a cap, and tells what was told', async () => {
    await json('spend', 'set', 'acme', '--budget', '500.00');
    const made = await json<{ id: string; percent: number }>('spend', 'tell', 'acme', '--percent', '80');
    assert.equal(made.percent, 80);
    await json('spend', 'tell', 'acme', '--at', '250.00');
    assert.match((await rookery('spend', 'policy', 'acme')).out, /250.00 EUR[\s\S]*80 %|80 %[\s\S]*250.00 EUR/);
    assert.equal((await rookery('spend', 'tell', 'acme')).code, 2);
    assert.equal((await rookery('spend', 'set', 'acme', '--cap', 'hard')).code, 1);
    await json('spend', 'set', 'acme', '--cap', 'hard', '--at', '0.01');
    const refused = await rookery('domain', 'create', 'acme.example', '--partner', 'acme');
    assert.equal(refused.code, 1);
    assert.match(refused.err, /spend_cap_reached/);
    assert.match((await rookery('spend', 'alerts', 'acme')).out, /cap~1 /);
    await json('spend', 'set', 'acme', '--cap', 'off');
    await json('spend', 'untell', 'acme', made.id);
  });

  it('leads to the facts behind an invoice, as a table and as CSV', async () => {
    const { out } = await rookery('invoice', 'evidence', 'acme', invoice, '--line', '1');
    assert.match(out, /life +hub one/);
    const file = join(directory.path, 'evidence.csv');
    await json('invoice', 'evidence', 'acme', invoice, '--csv', file);
    assert.match(readFileSync(file, 'utf8'), /count,messages-in,mx/);
  });

  it('disputes a line, answers, credits; and refunds the rest', async () => {
    const opened = await json<{ id: string }>(
      'dispute',
      'open',
      'acme',
      invoice,
      '2',
      '--text',
      'Not ours',
      '--net',
      '6.00',
    );
    await json('dispute', 'say', opened.id, '--text', 'Whose?');
    assert.match((await rookery('dispute', 'show', opened.id)).out, /support \(operator\)\n {2}Whose\?/);
    assert.match((await rookery('dispute', 'list', '--partner', 'acme', '--state', 'answered')).out, /6.00/);
    await json('dispute', 'credit', opened.id, '--text', 'Sorry');
    assert.equal((await rookery('dispute', 'reject', opened.id, '--text', 'No')).code, 1);
    const again = await json<{ id: string }>('dispute', 'open', 'acme', invoice, '2', '--text', 'Again');
    assert.equal((await json<{ state: string }>('dispute', 'withdraw', again.id)).state, 'withdrawn');
    const { dueMinor } = await json<{ dueMinor: number }>('invoice', 'show', 'acme', invoice);
    const paid = [
      '--amount',
      (dueMinor / 100).toFixed(2),
      '--currency',
      'EUR',
      '--reference',
      'SEPA',
      '--invoice',
      invoice,
    ];
    await json('payment', 'record', 'acme', ...paid);
    const refund = ['refund', 'create', 'acme', invoice, '--reason', 'Sorry'];
    const part = await json<{ amountMinor: number }[]>(...refund, '--to', 'wallet', '--lines', '2=1.50');
    assert.deepEqual(
      part.map(({ amountMinor }) => amountMinor),
      [150],
    );
    assert.equal((await rookery(...refund, '--to', 'wallet', '--lines', '2:1.50')).code, 2);
    await json(...refund, '--to', 'manual', '--reference', 'SEPA-back');
    assert.match((await rookery('refund', 'list', 'acme')).out, /manual +succeeded/);
  });
});
