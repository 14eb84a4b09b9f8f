import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { BillingAccount } from '#billing/api';
import { billingPeriod, decimal, type PriceComponent, type RatingInput, ratePeriod, ratio } from '#billing/rating';
import { grouped, money, previewDocument, type RatedMonth, renderPdf } from './index.ts';

const component = (
  id: string,
  kind: PriceComponent['kind'],
  measure: PriceComponent['measure'],
  meter: string,
  price: string,
  unit: string,
): PriceComponent => ({
  id,
  kind,
  measure,
  meters: [meter],
  price: { model: 'unit', price: decimal(price) },
  description: { hub: 'Hub hours', mailbox: 'Mailboxes, by the day', store: 'Hot storage', mx: 'Messages in and out' }[
    id
  ]!,
  unit,
  taxClass: 'standard',
  countsTowardCommitment: true,
});

function month(): RatedMonth {
  const period = billingPeriod('2026-01', 'Europe/Berlin');
  const prices = {
    version: 'v1',
    currency: 'EUR',
    components: [
      component('hub', 'hub-hours', 'hours', 'hub', '0.08', 'hour'),
      component('mailbox', 'mailboxes', 'prorated', 'mailbox', '1.50', 'mailbox'),
      component('store', 'gb-hours', 'gigabyte-months', 'storage-bytes', '0.20', 'GB-month'),
      component('mx', 'messages', 'total', 'messages-in', '0.0004', 'message'),
    ],
  };
  const lives = (names: string[]) => names.map((resource) => ({ resource, from: period.from - 1, to: null }));
  const account: BillingAccount = {
    partnerId: '3f0c8e0a-3a54-4c35-9a2b-7f1f0b9f0c11',
    slug: 'aurora-hosting',
    name: 'Aurora Hosting Łódź Ελλάς ООО',
    zone: 'Europe/Berlin',
    anchorDay: 1,
    started: period.from,
    ended: null,
    segments: [{ prices, from: period.from, to: null }],
    commitments: [],
    coupons: [],
    tax: { kind: 'rates', percents: new Map([['standard', decimal('19')]]) },
  };
  const input: RatingInput = {
    period,
    currency: 'EUR',
    segments: [{ prices, spans: [period] }],
    usage: {
      intervals: new Map([
        ['hub', lives(['hub-1', 'hub-2'])],
        ['mailbox', lives(Array.from({ length: 40 }, (_, n) => `user${n}@aurora.example`))],
      ]),
      samples: new Map([
        ['storage-bytes', [{ resource: 'volume-a', at: period.from, value: ratio(500n * 10n ** 9n) }]],
      ]),
      counts: new Map([['messages-in', [{ resource: 'volume-a', at: period.from, quantity: ratio(1_234_567) }]]]),
    },
    asOf: period.to,
    commitments: [{ amount: decimal('900'), span: period }],
    coupons: [{ id: 'c', description: 'Welcome, 10 % off', off: 'percent', percent: decimal('10') }],
    tax: account.tax,
  };
  const rated = ratePeriod(input);
  return {
    input,
    account,
    rated,
    asOf: period.to,
    cutoff: 1n,
    labels: new Map([['volume-a', 'Volume A']]),
    daily: rated.lines.map((_, line) => period.dayStarts.map((__, day) => 40 + ((day * (line + 3)) % 17))),
  };
}

describe('invoice document', () => {
  it('writes amounts and quantities as people read them', () => {
    assert.equal(money(-123_456_789n, 'EUR'), '\u22121,234,567.89');
    assert.equal(money(8556n, 'JPY'), '8,556');
    assert.equal(grouped('1234567.000001'), '1,234,567.000001');
  });

  it('adds up: lines to subtotal, subtotal and tax to total', () => {
    const { rated } = month();
    const document = previewDocument(month());
    assert.equal(document.lines.length, rated.lines.length + 1);
    assert.deepEqual(
      document.totals.map(([label]) => label),
      ['Subtotal', 'VAT 19 %', 'Total'],
    );
    assert.equal(document.breakdowns[1]!.rest!.count, 30);
  });

  it('is the same PDF/A-3 to the byte each time', async () => {
    const first = await renderPdf(previewDocument(month()));
    const second = await renderPdf(previewDocument(month()));
    assert.ok(first.equals(second));
    assert.equal(first.subarray(0, 8).toString(), '%PDF-1.7');
    assert.match(first.toString('latin1'), /pdfaid:part>3/);
    const { ROOKERY_KEEP_PDF } = process.env;
    if (ROOKERY_KEEP_PDF) writeFileSync(ROOKERY_KEEP_PDF, first);
  });
});
