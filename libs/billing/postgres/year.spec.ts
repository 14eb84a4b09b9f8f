import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { noPaymentProvider, type PriceModelJson } from '#billing/api';
import type { Database } from '#database';
import type { UsageEvent } from '#metering';
import { type Random, seededRandom, systemClock } from '#stdx';
import { billingWorld, newPartner } from './golden.spec.ts';
import {
  Catalogue,
  Disputes,
  issueCreditNote,
  type NewComponent,
  OverCreditError,
  Refunds,
  Subscriptions,
} from './index.ts';
import { type ModelPlan, type ModelTerms, modelNet } from './slow-model.spec.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
const ZONE = 'Europe/Berlin';
const seeds = (process.env['ROOKERY_BILLING_SEEDS'] ?? '1').split(',').map(Number);

type World = Awaited<ReturnType<typeof billingWorld>>;

/** A partner's year: growth, failovers, plan changes, late facts, disputes, refunds, both changes of the clock. */
describe('a year, against the slow model', () => {
  for (const seed of seeds) {
    it(`seed ${seed}: every month comes to what the model says, and the books balance`, async () => {
      await using world = await billingWorld('2026-01-01T12:00:00Z');
      const { database, clock } = world;
      const random = seededRandom(seed);
      const partner = await newPartner(database, 'year', '2025-12-31T23:30:00Z');
      await database.query('UPDATE partner SET time_zone = $1', [ZONE]);
      const terms = await agree(database, partner, random);
      const facts: UsageEvent[] = [];
      const late: { readonly from: number; readonly events: UsageEvent[] }[] = [];
      const life = new Life(partner, random);
      for (let day = 0; day < 412; day++) {
        if (day < 365) {
          const events = life.day(clock.now() - DAY);
          facts.push(...events);
          // One day in eight is told late, up to six weeks; everything is told out of order and some of it twice.
          if (random.fraction() < 0.125)
            late.push({ from: clock.now() + (1 + Math.floor(random.fraction() * 42)) * DAY, events });
          else await world.metering.ingest(shuffled([...events, ...events.slice(0, 2)], random), 'internal');
        }
        for (const held of late.filter(({ from }) => from === clock.now()))
          await world.metering.ingest(held.events, 'internal');
        await clock.advance(DAY);
        // The jobs look every other day: what is due waits for them.
        if (day % 2 === 1) continue;
        for (const due of await world.closing.due(10)) await world.closing.close(due);
        for (const closed of await world.late.due(100)) await world.late.settle(closed);
        for (const id of await world.finalization.due(10)) await world.finalization.finalize(id);
        if (random.fraction() < 0.25) await giveBack(world, partner, random);
        if (random.fraction() < 0.25) await pay(world, partner, random);
      }
      const billed = new Map(
        (await database.query<{ month: string; net: string }>(BILLED)).map(({ month, net }) => [month, BigInt(net)]),
      );
      for (let index = 1; index <= 12; index++) {
        const month = `2026-${String(index).padStart(2, '0')}`;
        assert.equal(billed.get(month) ?? 0n, modelNet(terms, month, facts), `${month} of seed ${seed}`);
      }
      await balanced(database);
      const [kinds] = await database.query<{ charges: string; credits: string }>(
        'SELECT (SELECT count(*) FROM late_charge) AS charges, (SELECT count(*) FROM credit_note) AS credits',
      );
      assert.ok(Number(kinds!.charges) > 0 && Number(kinds!.credits) > 0, 'late facts were billed');
      const ways = await database.query<{ way: string }>(
        'SELECT DISTINCT method AS way FROM refund UNION SELECT DISTINCT state FROM dispute ORDER BY 1',
      );
      assert.deepEqual(
        ways.map(({ way }) => way),
        ['credited', 'manual', 'rejected', 'wallet'],
      );
    });
  }
});

/** What each month was billed by its rating, in all documents: goodwill is not part of it. */
const BILLED = `
  SELECT month, sum(net) AS net FROM (
    SELECT invoice.month, minor - discount_minor AS net FROM invoice_line JOIN invoice ON invoice.id = invoice_id
    WHERE state IN ('finalized', 'skipped') AND service_month = invoice.month
    UNION ALL SELECT service_month, net_minor FROM late_charge
    UNION ALL SELECT service_month, -line.net_minor FROM credit_note_line line JOIN credit_note note ON note.id = credit_note_id WHERE run_id IS NOT NULL
  ) part GROUP BY month`;

/** Three plans over the year, the second from the middle of a month; a commitment, a coupon, German VAT. */
async function agree(database: Database, partner: string, random: Random): Promise<ModelTerms> {
  const catalogue = new Catalogue(database);
  const subscriptions = new Subscriptions(database, systemClock);
  const plans: ModelPlan[] = ['2025-12-31', '2026-04-11', '2026-09-01'].map((since) => ({
    since,
    hub: 80_000n + BigInt(Math.floor(random.fraction() * 20_000)),
    active: 120_000n + BigInt(Math.floor(random.fraction() * 20_000)),
    standby: 50_000n + BigInt(Math.floor(random.fraction() * 9_999)),
    mailbox: 1_500_000n + BigInt(Math.floor(random.fraction() * 9_999)),
    gigabyte: 200_000n + BigInt(Math.floor(random.fraction() * 9_999)),
    messages: [
      [1_000n, 0n],
      [10_000n, 400n + BigInt(Math.floor(random.fraction() * 99))],
      [null, 250n],
    ],
    fee: 9_900n + BigInt(Math.floor(random.fraction() * 999)),
  }));
  for (const plan of plans) {
    const version = await catalogue.publish({
      partnerId: partner,
      name: 'Agreed',
      currency: 'EUR',
      components: componentsOf(plan),
    });
    assert.ok(version.ok);
    const changed = await subscriptions.change(
      partner,
      version.value,
      Date.parse(`${plan.since}T23:30:00Z`) - (plan.since > '2026' ? DAY / 2 : 0),
      'test',
    );
    assert.ok(changed.ok);
  }
  await database.query(`INSERT INTO commitment (partner_id, amount, started) VALUES ($1, 260, '2025-12-01')`, [
    partner,
  ]);
  await database.query(
    `INSERT INTO coupon (partner_id, description, percent, started) VALUES ($1, 'Seven', 7, '2025-12-01')`,
    [partner],
  );
  await database.query(`UPDATE billing_seller SET country = 'DE'`);
  await database.query(`INSERT INTO billing_profile (partner_id, country, grace_hours) VALUES ($1, 'DE', 48)`, [
    partner,
  ]);
  return { zone: ZONE, plans, commitment: 26_000n, discount: 7n };
}

function componentsOf(plan: ModelPlan): NewComponent[] {
  const price = (value: bigint): string => `${value / 1_000_000n}.${String(value % 1_000_000n).padStart(6, '0')}`;
  const unit = (value: bigint): PriceModelJson => ({ model: 'unit', price: price(value) });
  const tiers = plan.messages.map(([upTo, value]) => ({
    upTo: upTo === null ? null : String(upTo),
    price: price(value),
  }));
  const base = (
    id: string,
    kind: NewComponent['kind'],
    measure: NewComponent['measure'],
    meters: string[],
    given: PriceModelJson,
  ): NewComponent => ({
    id,
    kind,
    measure,
    meters,
    price: given,
    description: id,
    unit: 'unit',
  });
  return [
    base('fee', 'fee', 'none', [], { model: 'flat', amount: price(plan.fee * 10_000n) }),
    base('hub', 'hub-hours', 'hours', ['hub'], unit(plan.hub)),
    base('active', 'node-hours-active', 'hours', ['node-active'], unit(plan.active)),
    base('standby', 'node-hours-standby', 'hours', ['node-standby'], unit(plan.standby)),
    base('mailboxes', 'mailboxes', 'prorated', ['mailbox'], unit(plan.mailbox)),
    base('storage', 'gb-hours', 'gigabyte-months', ['storage-bytes'], unit(plan.gigabyte)),
    base('messages', 'messages', 'total', ['messages-in', 'messages-out'], { model: 'graduated', tiers }),
  ];
}

/** What happens at a partner, a day at a time, on whole minutes of its own. */
class Life {
  private serial = 0;
  private readonly mailboxes: string[] = [];
  private readonly hubs: string[] = [];
  private active = '';
  private standby = '';
  private bytes = 0;

  constructor(
    private readonly partner: string,
    private readonly random: Random,
  ) {}

  day(start: number): UsageEvent[] {
    const events: UsageEvent[] = [];
    const minute = new Set<number>();
    const at = (): string => {
      let chosen = Math.floor(this.random.fraction() * 1_440);
      while (minute.has(chosen)) chosen = (chosen + 1) % 1_440;
      minute.add(chosen);
      return new Date(start + chosen * MINUTE).toISOString();
    };
    const add = (when: string, subject: string, rest: object): void => {
      const id = String(++this.serial);
      events.push({ id, source: 'life', partnerId: this.partner, at: when, subject, ...rest } as UsageEvent);
    };
    const chance = (likely: number): boolean => this.random.fraction() < likely;
    if (!this.active) {
      [this.active, this.standby] = ['node-a', 'node-b'];
      const when = at();
      add(when, this.active, { kind: 'start', meter: 'node-active' });
      add(when, this.standby, { kind: 'start', meter: 'node-standby' });
    } else if (chance(0.05)) this.failOver(at(), add);
    if (this.hubs.length === 0 || chance(0.04)) {
      const hub = `hub-${++this.serial}`;
      this.hubs.push(hub);
      add(at(), hub, { kind: 'start', meter: 'hub' });
    }
    if (this.hubs.length > 1 && chance(0.04)) add(at(), this.hubs.shift()!, { kind: 'stop', meter: 'hub' });
    if (chance(0.3)) {
      const name = `user${++this.serial}@year.example`;
      this.mailboxes.push(name);
      add(at(), `account-${name}`, { kind: 'start', meter: 'mailbox', label: name });
    } else if (this.mailboxes.length > 3 && chance(0.1)) {
      const name = this.mailboxes.shift()!;
      add(at(), `account-${name}`, { kind: 'stop', meter: 'mailbox', label: name });
    }
    this.bytes += Math.floor(this.random.fraction() * 10 ** 9);
    add(at(), 'volume', { kind: 'gauge', meter: 'storage-bytes', value: this.bytes });
    add(at(), 'mx', {
      kind: 'counter',
      meter: chance(0.5) ? 'messages-in' : 'messages-out',
      quantity: Math.floor(this.random.fraction() * 900),
    });
    return events;
  }

  private failOver(when: string, add: (when: string, subject: string, rest: object) => void): void {
    add(when, this.active, { kind: 'stop', meter: 'node-active' });
    add(when, this.standby, { kind: 'stop', meter: 'node-standby' });
    [this.active, this.standby] = [this.standby, this.active];
    add(when, this.active, { kind: 'start', meter: 'node-active' });
    add(when, this.standby, { kind: 'start', meter: 'node-standby' });
  }
}

/** Something goes back: as goodwill, by a dispute that is credited or rejected, or as a refund to the wallet or the bank. */
async function giveBack(world: World, partner: string, random: Random): Promise<void> {
  const { database, clock } = world;
  const [invoice] = await database.query<{ id: string; month: string; net_minor: string; lines: string }>(
    `SELECT id, month, net_minor, (SELECT count(*) FROM invoice_line WHERE invoice_id = invoice.id) AS lines
     FROM invoice WHERE state = 'finalized' ORDER BY period_start DESC LIMIT 1`,
  );
  if (!invoice) return;
  const position = 1 + Math.floor(random.fraction() * Number(invoice.lines));
  const net = BigInt(1 + Math.floor(random.fraction() * 500));
  const [way, at] = [random.fraction(), new Date(clock.now())];
  if (way < 0.3) {
    const line = { serviceMonth: invoice.month, component: 'hub', priceVersion: 'goodwill', description: 'Sorry' };
    const lines = [{ ...line, taxClass: 'standard', net }];
    const credit = { invoiceId: invoice.id, reason: 'Goodwill', at, lines };
    await database
      .transaction((client) => issueCreditNote(client, credit))
      .catch((error: unknown) => assert.ok(error instanceof OverCreditError));
  } else if (way < 0.6) {
    const disputes = new Disputes(database, clock);
    const said = { side: 'partner', author: 'p' } as const;
    const opened = await disputes.open({ partnerId: partner, invoiceId: invoice.id, position, net, text: 'x' }, said);
    if (!opened.ok) return;
    const outcome = random.fraction() < 0.5 ? 'credited' : 'rejected';
    assert.ok((await disputes.resolve(opened.value.id, { outcome }, { side: 'support', author: 'o' }, 'y')).ok);
  } else {
    const refunds = new Refunds(database, noPaymentProvider, clock);
    const base = {
      partnerId: partner,
      invoiceId: invoice.id,
      reason: 'Refund',
      actor: 'o',
      lines: [{ position, net }],
    };
    const byHand = { method: 'manual' as const, reference: `back ${clock.now()}` };
    await refunds.request({ ...base, ...(way < 0.8 ? byHand : { method: 'wallet' as const }) });
  }
}

async function pay(world: World, partner: string, random: Random): Promise<void> {
  const [open] = await world.database.query<{ invoice_id: string; due_minor: string }>(
    `SELECT invoice_id, due_minor FROM invoice_settlement WHERE state = 'open' ORDER BY due_at LIMIT 1`,
  );
  const minor = BigInt(Math.floor(Number(open?.due_minor ?? 1_000) * (0.5 + random.fraction()))) + 1n;
  const paid = await world.payments.receive({
    partnerId: partner,
    ...(open ? { invoiceId: open.invoice_id } : {}),
    method: 'manual',
    reference: `payment ${world.clock.now()}`,
    minor,
    currency: 'EUR',
    receivedAt: new Date(world.clock.now()),
  });
  assert.ok(paid.ok);
}

/** The invariants of docs/BILLING.md that concern the books. */
async function balanced(database: Database): Promise<void> {
  for (const [what, sql] of Object.entries({
    'a posting does not balance': 'SELECT FROM wallet_ledger GROUP BY posting HAVING sum(minor) <> 0',
    'an invoice is not its lines': `SELECT FROM invoice WHERE state = 'finalized' AND total_minor <> (
      SELECT sum(minor - discount_minor + tax_minor) FROM invoice_line WHERE invoice_id = invoice.id)`,
    'tax is not 19 % of the net': `SELECT FROM invoice WHERE state = 'finalized' AND tax_minor <> round(net_minor * 0.19)`,
    'credits exceed an invoice': `SELECT FROM invoice JOIN credit_note note ON note.invoice_id = invoice.id
      GROUP BY invoice.id HAVING sum(note.total_minor) > invoice.total_minor OR sum(note.net_minor) > invoice.net_minor`,
    'a wallet is not its entries': `SELECT FROM wallet WHERE minor <> -(SELECT sum(minor) FROM wallet_ledger WHERE account = 'wallet')`,
    'receivables are not what is due': `SELECT FROM (SELECT sum(due_minor) AS due FROM invoice_settlement) open,
      (SELECT sum(minor) AS booked FROM wallet_ledger WHERE account = 'receivable') ledger WHERE due <> booked`,
    'cash is not what came less what went': `SELECT FROM (SELECT coalesce(sum(minor), 0) AS came FROM payment) came,
      (SELECT coalesce(sum(minor), 0) AS went FROM refund WHERE method = 'manual') went,
      (SELECT sum(minor) AS booked FROM wallet_ledger WHERE account = 'cash') ledger WHERE came - went <> booked`,
    'more went back than came': `SELECT FROM payment WHERE minor < (SELECT sum(minor) FROM refund WHERE payment_id = payment.id)`,
    'revenue is not what was billed less credited': `SELECT FROM (SELECT sum(net_minor) AS billed FROM invoice WHERE state = 'finalized') billed,
      (SELECT coalesce(sum(net_minor), 0) AS credited FROM credit_note) credited,
      (SELECT -sum(minor) AS booked FROM wallet_ledger WHERE account = 'revenue') ledger WHERE billed - credited <> booked`,
    'a dispute stands still': 'SELECT FROM invoice_settlement WHERE paused_at IS NOT NULL',
    'months do not tile': `SELECT FROM (SELECT period_end, lead(period_start) OVER (ORDER BY period_start) AS next FROM invoice) month
      WHERE next IS NOT NULL AND next <> period_end`,
    'numbers have gaps': `SELECT FROM (SELECT right(number, 6)::int - row_number() OVER (PARTITION BY left(number, 7) ORDER BY number) AS gap
      FROM invoice WHERE number IS NOT NULL) n WHERE gap <> 0`,
  }))
    assert.equal((await database.query(sql)).length, 0, what);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random.fraction() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
