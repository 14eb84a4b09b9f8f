import assert from 'node:assert/strict';
import { type CallOf, ROUTES, type UsageOutcomes } from '#api-schema';
import { MonthRating } from '#billing/invoice';
import { InvoiceFinalization, LateUsageScan, MonthClosing, PostgresBillingAccounts } from '#billing/postgres';
import { PostgresUsageReader } from '#metering';
import { type Clock, systemClock } from '#stdx';
import { type Caller, startFixture } from '../api-fixture.spec.ts';

export type NewMeter = CallOf<typeof ROUTES.createMeter>['body'];
type Component = CallOf<typeof ROUTES.publishPriceList>['body']['components'][number];

/** A usage event as a partner's own software would write it. */
export const cloudEvent = (id: string, type: string, time: string, value?: number | string, subject = 'tenant-1') => ({
  specversion: '1.0',
  id,
  source: 'https://panel.example/meters',
  type,
  subject,
  time,
  ...(value === undefined ? {} : { data: { value } }),
});

export const send = (caller: Caller, body: unknown[] | object): Promise<UsageOutcomes> =>
  caller.done(ROUTES.sendUsageEvents, { body: body as Record<string, unknown> });
export const words = ({ outcomes }: UsageOutcomes): string[] =>
  outcomes.map(({ outcome, reason }) => reason ?? outcome);

/** The API at a time of one's own, partners of old, and billing's jobs. */
export async function meterWorld(now: string) {
  // The server's timers go on as they do: only what time it is said to be is ours.
  let at = Date.parse(now);
  const clock: Clock & { advance(ms: number): void } = {
    ...systemClock,
    now: () => at,
    advance: (ms) => {
      at += ms;
    },
  };
  const fixture = await startFixture({}, clock);
  const { database, operator } = fixture;
  const accounts = new PostgresBillingAccounts(database);
  const rating = new MonthRating(accounts, new PostgresUsageReader(database), clock);
  const closing = new MonthClosing(database, accounts, rating, clock);
  const finalization = new InvoiceFinalization(database, accounts, rating, clock);
  const late = new LateUsageScan(database, accounts, rating, clock);
  return {
    ...fixture,
    clock,
    /** A partner whose months began on 1 January 2026. */
    async oldPartner(slug: string, scopes?: Parameters<typeof fixture.partner>[1]): Promise<Caller> {
      const caller = await fixture.partner(slug, scopes);
      await database.query(`UPDATE partner SET created_at = '2026-01-01' WHERE slug = $1`, [slug]);
      return caller;
    },
    async meter(caller: Caller, code: string, rest: Partial<NewMeter> = {}) {
      const body = { code, name: code, unit: 'unit', aggregation: 'sum', ...rest } as const;
      return caller.done(ROUTES.createMeter, { body });
    },
    /** Prices of one's own from a date on, over the API. */
    async price(partner: string, components: readonly Partial<Component>[], from = '2026-01-01'): Promise<void> {
      const whole = components.map(
        (component): Component =>
          ({
            kind: 'add-on',
            measure: 'total',
            description: component.id,
            unit: 'unit',
            meters: [component.id],
            ...component,
          }) as Component,
      );
      const body = { partner, name: 'Agreed', currency: 'EUR', components: whole };
      const { id } = await operator.done(ROUTES.publishPriceList, { body });
      await operator.done(ROUTES.changeSubscription, {
        params: { partner },
        body: { version: id, from },
      });
    },
    /** Every job on everything due. */
    async tick(): Promise<void> {
      for (;;) {
        const due = await closing.due(100);
        if (due.length === 0) break;
        for (const month of due) await closing.close(month);
      }
      for (const closed of await late.due(100)) await late.settle(closed);
      for (const id of await finalization.due(100)) await finalization.finalize(id);
    },
    async invoice(caller: Caller, partner: string, month: string) {
      const { items } = await caller.done(ROUTES.listInvoices, { params: { partner } });
      const found = items.find((one) => one.month === month);
      assert.ok(found, `an invoice of ${month}`);
      return caller.done(ROUTES.showInvoice, { params: { partner, invoice: found.id } });
    },
  };
}
