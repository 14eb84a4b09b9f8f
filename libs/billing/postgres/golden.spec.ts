import { invoicePreview, MonthRating } from '#billing/invoice';
import { Database } from '#database';
import { type IntervalMeter, PostgresMetering, PostgresUsageReader, type UsageEvent } from '#metering';
import { SimulatedClock, testDatabase } from '#testing';
import { InvoiceFinalization, LateUsageScan, MonthClosing, Payments, PostgresBillingAccounts } from './index.ts';

type Rest =
  | { kind: 'start' | 'stop'; meter: IntervalMeter; label: string }
  | { kind: 'gauge'; meter: 'storage-bytes'; value: number }
  | { kind: 'counter'; meter: 'messages-in' | 'messages-out'; quantity: number };

/** Billing over a database of its own, at a time of its own. */
export async function billingWorld(now: string) {
  const own = await testDatabase();
  const database = new Database({ url: own.url });
  const clock = new SimulatedClock(Date.parse(now));
  return {
    url: own.url,
    database,
    clock,
    metering: new PostgresMetering(database, clock),
    ...jobs(database, clock),
    async [Symbol.asyncDispose]() {
      await database.close();
      await own[Symbol.asyncDispose]();
    },
  };
}

export function jobs(database: Database, clock: SimulatedClock) {
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
  return {
    accounts,
    rating,
    closing: new MonthClosing(database, accounts, rating, clock),
    finalization: new InvoiceFinalization(database, accounts, rating, clock),
    late: new LateUsageScan(database, accounts, rating, clock),
    payments: new Payments(database),
    preview: async (partner: string, month: string) => {
      const rated = await rating.rate(partner, month);
      if (!rated.ok) throw new Error(rated.error.code);
      return invoicePreview(rated.value);
    },
  };
}

export async function newPartner(database: Database, slug: string, createdAt: string): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    'INSERT INTO partner (slug, name, created_at) VALUES ($1, $1, $2) RETURNING id',
    [slug, createdAt],
  );
  return row!.id;
}

export const fact = (partnerId: string, id: string, at: string, subject: string, rest: Rest): UsageEvent => ({
  id,
  source: 'test',
  partnerId,
  at,
  subject,
  ...rest,
});
export const role = (kind: 'start' | 'stop', meter: IntervalMeter, label = 'x@example.org'): Rest => ({
  kind,
  meter,
  label,
});
export const stored = (value: number): Rest => ({ kind: 'gauge', meter: 'storage-bytes', value });
export const received = (quantity: number): Rest => ({ kind: 'counter', meter: 'messages-in', quantity });

/** The usage of worked case 20: January 2026 comes to 58443 before commitment, coupon and tax. */
export function goldenUsage(partner: string): UsageEvent[] {
  const start = '2025-12-31T00:00:00Z';
  const failover = '2026-01-17T06:30:00Z';
  const own = (id: string, at: string, subject: string, rest: Rest) => fact(partner, id, at, subject, rest);
  return [
    own('h', start, 'h1', role('start', 'hub')),
    own('a1', start, 'a', role('start', 'node-active')),
    own('b1', start, 'b', role('start', 'node-standby')),
    own('a2', failover, 'a', role('stop', 'node-active')),
    own('b2', failover, 'b', role('stop', 'node-standby')),
    own('b3', failover, 'b', role('start', 'node-active')),
    own('a3', '2026-01-17T08:00:00Z', 'a', role('start', 'node-standby')),
    ...Array.from({ length: 150 }, (_, n) =>
      own(`m${n}`, start, `account-${n}`, role('start', 'mailbox', `u${n}@example.org`)),
    ),
    own('s', start, 'v1', stored(500_000_000_000)),
    ...Array.from({ length: 25 }, (_, n) =>
      own(`c${n}`, `2026-01-${String(n + 1).padStart(2, '0')}T09:15:00Z`, 'mx', received(10_000)),
    ),
  ];
}

/** Its terms: 600.00 committed, 10 % off, 19 % VAT in Germany, 50.00 in the wallet. */
export async function goldenTerms(database: Database, payments: Payments, partner: string): Promise<void> {
  const start = '2026-01-01T00:00:00Z';
  await database.query('INSERT INTO commitment (partner_id, amount, started) VALUES ($1, 600, $2)', [partner, start]);
  await database.query(
    `INSERT INTO coupon (partner_id, description, percent, started) VALUES ($1, 'Ten percent', 10, $2)`,
    [partner, start],
  );
  await database.query(`UPDATE billing_seller SET country = 'DE'`);
  await database.query(`INSERT INTO billing_profile (partner_id, country) VALUES ($1, 'DE')`, [partner]);
  const paid = await payments.receive({
    partnerId: partner,
    method: 'manual',
    reference: `top-up ${partner}`,
    minor: 5000n,
    currency: 'EUR',
    receivedAt: new Date('2026-01-02'),
  });
  if (!paid.ok) throw new Error(paid.error.code);
}
