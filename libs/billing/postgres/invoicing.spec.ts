import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Database } from '#database';
import { issueCreditNote, OverCreditError } from './credit.ts';
import { Dunning } from './dunning.ts';
import { billingWorld, fact, goldenTerms, goldenUsage, jobs, newPartner, received, role } from './golden.spec.ts';

const DAY = 86_400_000;

describe('invoices', () => {
  let world: Awaited<ReturnType<typeof billingWorld>>;
  let database: Database;
  before(async () => {
    world = await billingWorld('2026-02-01T00:10:00Z');
    database = world.database;
  });
  after(() => world[Symbol.asyncDispose]());

  const one = async <T extends Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<T> =>
    (await database.query<T>(sql, values))[0]!;
  const invoiceOf = (partner: string, month = '2026-01') =>
    one<{
      id: string;
      state: string;
      number: string | null;
      net_minor: string;
      tax_minor: string;
      total_minor: string;
      failure: string | null;
    }>('SELECT * FROM invoice WHERE partner_id = $1 AND month = $2', [partner, month]);
  const settlementOf = (invoice: string) =>
    one<{ state: string; due_minor: string; wallet_minor: string; credited_minor: string }>(
      'SELECT * FROM invoice_settlement WHERE invoice_id = $1',
      [invoice],
    );
  const walletOf = async (partner: string): Promise<bigint> =>
    BigInt((await one<{ minor: string }>('SELECT minor FROM wallet WHERE partner_id = $1', [partner]))?.minor ?? 0);
  /** Every job on everything due, as the scheduler would. */
  const tick = async (run = world as Pick<typeof world, 'closing' | 'finalization' | 'late'>): Promise<void> => {
    for (;;) {
      const due = await run.closing.due(100);
      if (due.length === 0) break;
      for (const month of due) await run.closing.close(month);
    }
    for (const closed of await run.late.due(100)) await run.late.settle(closed);
    for (const id of await run.finalization.due(100)) await run.finalization.finalize(id);
  };
  const golden = async (slug: string): Promise<string> => {
    const partner = await newPartner(database, slug, '2026-01-01T00:00:00Z');
    await world.metering.ingest(goldenUsage(partner), 'internal');
    await goldenTerms(database, world.payments, partner);
    return partner;
  };
  const balanced = async (): Promise<void> => {
    const broken = await database.query('SELECT posting FROM wallet_ledger GROUP BY posting HAVING sum(minor) <> 0');
    assert.deepEqual(broken, []);
    const wrong = await database.query(
      `SELECT FROM invoice JOIN invoice_settlement settlement ON invoice_id = invoice.id
       WHERE invoice.total_minor <> (SELECT coalesce(sum(minor - discount_minor + tax_minor), 0) FROM invoice_line line WHERE line.invoice_id = invoice.id)
          OR invoice.tax_minor <> (SELECT coalesce(sum(tax_minor), 0) FROM tax_line WHERE tax_line.invoice_id = invoice.id)
          OR due_minor <> (SELECT sum(minor) FROM wallet_ledger WHERE account = 'receivable' AND (
               posting IN ('invoice~' || invoice.id, 'wallet~' || invoice.id)
               OR posting IN (SELECT 'creditNote~' || id FROM credit_note WHERE credit_note.invoice_id = invoice.id)
               OR posting IN (SELECT 'payment~' || id FROM payment WHERE payment.invoice_id = invoice.id)))`,
    );
    assert.equal(wrong.length, 0);
    const wallets = await database.query(
      `SELECT FROM wallet WHERE minor <> -(SELECT sum(minor) FROM wallet_ledger WHERE account = 'wallet' AND wallet_ledger.partner_id = wallet.partner_id)`,
    );
    assert.equal(wallets.length, 0);
  };

  it('20 golden January, every job run twice: total 64260, wallet 5000, due 59260', async () => {
    const partner = await golden('golden');
    await tick();
    assert.equal((await invoiceOf(partner)).state, 'grace');
    await tick();
    await world.clock.advance(DAY);
    const [id] = await world.finalization.due(10);
    assert.equal(await world.finalization.finalize(id!), 'finalized');
    assert.equal(await world.finalization.finalize(id!), 'finalized');
    await tick();
    const invoice = await invoiceOf(partner);
    assert.deepEqual(
      [invoice.net_minor, invoice.tax_minor, invoice.total_minor, invoice.number],
      ['54000', '10260', '64260', 'RK-2026-000001'],
    );
    const settlement = await settlementOf(invoice.id);
    assert.deepEqual([settlement.wallet_minor, settlement.due_minor, settlement.state], ['5000', '59260', 'open']);
    assert.equal(await walletOf(partner), 0n);
    await balanced();
  });

  it('is never changed once final', async () => {
    for (const sql of [
      'UPDATE invoice SET net_minor = 0, tax_minor = 0, total_minor = 0',
      'DELETE FROM invoice_line',
      'UPDATE tax_line SET tax_minor = 0',
      'UPDATE wallet_ledger SET minor = 1',
      'DELETE FROM rating_run',
      'DELETE FROM payment',
    ])
      await assert.rejects(database.query(sql), /final|permission denied|never changed/, sql);
  });

  it('is rated again to the same digest from its run, whatever changed since', async () => {
    const runs = await database.query<{
      partner_id: string;
      month: string;
      cutoff_seq: string;
      as_of: Date;
      terms: never;
      digest: string;
      input_digest: string;
    }>('SELECT * FROM rating_run');
    await database.query(`UPDATE coupon SET percent = 50`);
    for (const run of runs) {
      const account = await world.accounts.recall(run.partner_id, run.terms);
      const again = await world.rating.rateTerms(account, run.month, run.as_of.getTime(), BigInt(run.cutoff_seq));
      assert.equal(again.rated.digest, run.digest);
      assert.equal(again.rated.inputDigest, run.input_digest);
    }
    await database.query(`UPDATE coupon SET percent = 10`);
  });

  it('14 late use: a charge on the next invoice with its own month, a credit note for what it costs less', async () => {
    const partner = await newPartner(database, 'late', '2026-01-01T00:00:00Z');
    await database.query(
      `INSERT INTO price_list (id, partner_id, name) VALUES ('00000000-0000-4000-8000-000000000014', $1, 'Volume')`,
      [partner],
    );
    await database.query(
      `INSERT INTO price_list_version (id, partner_id, price_list_id, version, currency) VALUES ('00000000-0000-4000-8000-000000000014', $1, '00000000-0000-4000-8000-000000000014', 1, 'EUR')`,
      [partner],
    );
    const tiers = [
      { upTo: '100', price: '10' },
      { upTo: '200', price: '9' },
      { upTo: null, price: '8' },
    ];
    await database.query(
      `INSERT INTO price_component (version_id, partner_id, position, component, kind, meters, measure, model, description, unit, counts_toward_commitment)
       VALUES ('00000000-0000-4000-8000-000000000014', $1, 0, 'messages', 'messages', '{messages-in}', 'total', $2, 'Messages', 'message', true)`,
      [partner, JSON.stringify({ model: 'volume', tiers })],
    );
    const subscription = await one<{ id: string }>(
      `INSERT INTO subscription (partner_id, time_zone, started) VALUES ($1, 'UTC', '2026-01-01') RETURNING id`,
      [partner],
    );
    await database.query(
      `INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started) VALUES ($1, $2, '00000000-0000-4000-8000-000000000014', '2026-01-01')`,
      [partner, subscription.id],
    );
    const late = (id: string, quantity: number) =>
      world.metering.ingest([fact(partner, id, '2026-01-20T00:00:00Z', 'mx', received(quantity))], 'internal');
    await late('first', 90);
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const january = await invoiceOf(partner);
    assert.equal(january.net_minor, '90000');
    await late('second', 20);
    await tick();
    await tick();
    const [charge] = await database.query<{ net_minor: string }>('SELECT * FROM late_charge WHERE partner_id = $1', [
      partner,
    ]);
    assert.equal(charge!.net_minor, '9000');
    // 110 → 99.00 less: one more in the cheaper tier from 201 on.
    await late('third', 91);
    await tick();
    await tick();
    const notes = await database.query<{ net_minor: string }>('SELECT * FROM credit_note WHERE partner_id = $1', [
      partner,
    ]);
    const charges = await database.query<{ net_minor: string }>('SELECT * FROM late_charge WHERE partner_id = $1', [
      partner,
    ]);
    const billed =
      90_000n +
      charges.reduce((sum, { net_minor }) => sum + BigInt(net_minor), 0n) -
      notes.reduce((sum, { net_minor }) => sum + BigInt(net_minor), 0n);
    assert.equal(billed, 160_800n);
    await world.clock.advance(28 * DAY);
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const february = await invoiceOf(partner, '2026-02');
    const lines = await database.query<{ service_month: string; net: string }>(
      'SELECT service_month, minor AS net FROM invoice_line WHERE invoice_id = $1',
      [february.id],
    );
    assert.deepEqual(new Set(lines.map(({ service_month }) => service_month)), new Set(['2026-01']));
    assert.equal(february.net_minor, '70800');
    await balanced();
  });

  it('14 a single late message over a tier gives back 9100', async () => {
    const partner = await newPartner(database, 'tier', '2026-01-01T00:00:00Z');
    const subscription = await one<{ id: string }>(
      `INSERT INTO subscription (partner_id, time_zone, started) VALUES ($1, 'UTC', '2026-01-01') RETURNING id`,
      [partner],
    );
    await database.query(
      `INSERT INTO subscription_segment (partner_id, subscription_id, price_list_version_id, started) VALUES ($1, $2, '00000000-0000-4000-8000-000000000014', '2026-01-01')`,
      [partner, subscription.id],
    );
    const at = '2026-01-20T00:00:00Z';
    await world.metering.ingest([fact(partner, 'a', at, 'mx', received(100))], 'internal');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    await world.metering.ingest([fact(partner, 'b', at, 'mx', received(1))], 'internal');
    await tick();
    const note = await one<{ net_minor: string; total_minor: string }>(
      'SELECT * FROM credit_note WHERE partner_id = $1',
      [partner],
    );
    assert.equal(note.net_minor, '9100');
    const settlement = await settlementOf((await invoiceOf(partner)).id);
    assert.equal(settlement.credited_minor, note.total_minor);
  });

  it('16 nothing used: skipped, with no number; the numbers of the others have no gap', async () => {
    const partner = await newPartner(database, 'idle', '2026-01-01T00:00:00Z');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const invoice = await invoiceOf(partner);
    assert.deepEqual([invoice.state, invoice.number], ['skipped', null]);
    const numbers = await database.query<{ number: string }>(
      `SELECT number FROM invoice WHERE number IS NOT NULL ORDER BY number`,
    );
    assert.deepEqual(
      numbers.map(({ number }) => number),
      numbers.map((_, index) => `RK-2026-${String(index + 1).padStart(6, '0')}`),
    );
  });

  it('waits for approval where it is asked for', async () => {
    const partner = await newPartner(database, 'careful', '2026-01-01T00:00:00Z');
    await database.query('INSERT INTO billing_profile (partner_id, approval) VALUES ($1, true)', [partner]);
    await world.metering.ingest([fact(partner, 'h', '2026-01-02T00:00:00Z', 'h9', role('start', 'hub'))], 'internal');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const { id } = await invoiceOf(partner);
    assert.equal(await world.finalization.finalize(id), 'waiting');
    await world.finalization.approve(id, 'apikey:1');
    await tick();
    assert.equal((await invoiceOf(partner)).state, 'finalized');
  });

  it('fails with its reason in sight, and is finalized when the reason is gone', async () => {
    const partner = await newPartner(database, 'abroad', '2026-01-01T00:00:00Z');
    await world.metering.ingest([fact(partner, 'h', '2026-01-02T00:00:00Z', 'h8', role('start', 'hub'))], 'internal');
    await tick();
    await world.clock.advance(DAY);
    await database.query(`INSERT INTO billing_profile (partner_id, country) VALUES ($1, 'FR')`, [partner]);
    await database.query(`DELETE FROM tax_rate WHERE country = 'FR'`);
    const { id } = await invoiceOf(partner);
    assert.equal(await world.finalization.finalize(id), 'failed');
    const failed = await invoiceOf(partner);
    assert.match(failed.failure!, /no tax rate is known for FR/);
    await database.query(`INSERT INTO tax_rate (country, percent, started) VALUES ('FR', 20, '2025-09-01')`);
    assert.equal(await world.finalization.finalize(id), 'finalized');
  });

  it('13 is credited to the cent and never beyond', async () => {
    const partner = await golden('credited');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const invoice = await invoiceOf(partner);
    const credit = (net: bigint) =>
      database.transaction((client) =>
        issueCreditNote(client, {
          invoiceId: invoice.id,
          reason: 'Goodwill',
          at: new Date(world.clock.now()),
          lines: [
            {
              serviceMonth: '2026-01',
              component: 'hub-hours',
              priceVersion: 'x',
              description: 'Hub hours',
              taxClass: 'standard',
              net,
            },
          ],
        }),
      );
    for (const net of [13_333n, 20_001n, 20_666n]) await credit(net);
    await assert.rejects(credit(1n), OverCreditError);
    const [total] = await database.query<{ sum: string }>(
      'SELECT sum(total_minor) FROM credit_note WHERE invoice_id = $1',
      [invoice.id],
    );
    assert.equal(total!.sum, invoice.total_minor);
    const settlement = await settlementOf(invoice.id);
    assert.deepEqual([settlement.due_minor, settlement.state], ['0', 'paid']);
    assert.equal(await walletOf(partner), 5000n);
    await balanced();
  });

  it('pays once for each payment, and keeps in the wallet what is too much', async () => {
    const partner = await golden('payer');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const invoice = await invoiceOf(partner);
    const payment = {
      partnerId: partner,
      invoiceId: invoice.id,
      method: 'manual' as const,
      reference: 'bank 1',
      minor: 60_000n,
      currency: 'EUR',
      receivedAt: new Date(world.clock.now()),
    };
    const booked = await Promise.all([
      world.payments.receive(payment),
      world.payments.receive(payment),
      world.payments.receive(payment),
    ]);
    assert.deepEqual(booked.map((result) => result.ok && result.value).sort(), [false, false, true]);
    const settlement = await settlementOf(invoice.id);
    assert.deepEqual([settlement.due_minor, settlement.state], ['0', 'paid']);
    assert.equal(await walletOf(partner), 740n);
    await balanced();
  });

  it('is overdue when its day has passed unpaid, and is announced as such once', async () => {
    const partner = await golden('tardy');
    await tick();
    await world.clock.advance(DAY);
    await tick();
    const { id } = await invoiceOf(partner);
    await world.clock.advance(15 * DAY);
    const overdue = new Dunning(database, world.clock);
    assert.ok((await overdue.markOverdue()) > 0);
    assert.equal(await overdue.markOverdue(), 0);
    assert.equal((await settlementOf(id)).state, 'overdue');
    const told = await database.query(
      `SELECT FROM outbox WHERE payload->>'type' = 'invoice.overdue' AND payload->>'invoiceId' = $1`,
      [id],
    );
    assert.equal(told.length, 1);
  });

  it('killed at every single step and started again comes to the same', async () => {
    const partner = await golden('killed');
    /** A database whose connection breaks at the n-th statement. */
    const breakingAt = (n: number): Database => {
      let left = n;
      const step = (): void => {
        if (left-- === 0) throw new Error('killed');
      };
      return Object.assign(Object.create(database) as Database, {
        query: (sql: string, values?: unknown[]) => {
          step();
          return database.query(sql, values);
        },
        transaction: (work: Parameters<Database['transaction']>[0]) =>
          database.transaction((client) =>
            work({
              query: ((sql: string, values: unknown[]) => {
                step();
                return client.query(sql, values);
              }) as typeof client.query,
            }),
          ),
      });
    };
    const attempt = async (n: number): Promise<boolean> => {
      try {
        await tick(jobs(breakingAt(n), world.clock));
        return true;
      } catch (error) {
        assert.match((error as Error).message, /killed/);
        return false;
      }
    };
    let n = 0;
    for (; !(await attempt(n)); n++);
    await world.clock.advance(DAY);
    for (n = 0; !(await attempt(n)); n++);
    const invoice = await invoiceOf(partner);
    assert.deepEqual([invoice.net_minor, invoice.tax_minor, invoice.total_minor], ['54000', '10260', '64260']);
    const settlement = await settlementOf(invoice.id);
    assert.deepEqual([settlement.wallet_minor, settlement.due_minor], ['5000', '59260']);
    await balanced();
  });
});
