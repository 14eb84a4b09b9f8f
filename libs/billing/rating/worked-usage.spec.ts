import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  at,
  component,
  counted,
  flat,
  graduated,
  lineOf,
  list,
  lived,
  minorOf,
  month,
  NO_TAX,
  PRICE,
  sample,
  unit,
  usage,
  volume,
} from './fixtures.spec.ts';
import {
  decimal,
  formatDecimal,
  multiply,
  negate,
  type PriceModel,
  type RatedLine,
  ratePeriod,
  ratio,
  round,
  toMinor,
} from './index.ts';

const hub = (...intervals: ReturnType<typeof lived>[]) => usage({ intervals: { hub: intervals } });
const mailboxes = (...intervals: ReturnType<typeof lived>[]) => usage({ intervals: { mailbox: intervals } });
const many = (count: number, prefix: string, from: string, to: string | null) =>
  Array.from({ length: count }, (_, index) => lived(`${prefix}${String(index).padStart(4, '0')}`, from, to));
const always = { from: '2020-01-01T00:00:00Z', to: '2030-01-01T00:00:00Z' };

describe('worked cases: use of resources', () => {
  for (const [name, zone, hours, cents] of [
    ['2026-01', 'UTC', '744', 5952n],
    ['2026-02', 'UTC', '672', 5376n],
    ['2028-02', 'UTC', '696', 5568n],
    ['2026-03', 'Europe/Berlin', '743', 5944n],
    ['2026-10', 'Europe/Berlin', '745', 5960n],
  ] as const) {
    it(`1–3 a hub all ${name} in ${zone}: ${hours} hours, ${cents} cents`, () => {
      const line = lineOf({
        period: month(name, zone),
        components: list('hub'),
        usage: hub(lived('h', always.from, null)),
      });
      assert.equal(formatDecimal(line!.quantity), hours);
      assert.equal(line!.minor, cents);
    });
  }

  it('4 75 seconds over a month boundary at 12.00 an hour: 10 cents in January, 15 in February', () => {
    const lives = hub(lived('h', '2026-01-31T23:59:30Z', '2026-02-01T00:00:45Z'));
    const components = [component('hub', unit('12.00'))];
    assert.equal(minorOf({ period: month('2026-01'), components, usage: lives }), 10n);
    assert.equal(minorOf({ period: month('2026-02'), components, usage: lives }), 15n);
  });

  it('5 failover on 17 January 06:30, the old active back as standby at 08:00: active 8928, standby 3713', () => {
    const period = month('2026-01');
    const nodes = usage({
      intervals: {
        'node-active': [lived('a', always.from, '2026-01-17T06:30:00Z'), lived('b', '2026-01-17T06:30:00Z', null)],
        'node-standby': [lived('b', always.from, '2026-01-17T06:30:00Z'), lived('a', '2026-01-17T08:00:00Z', null)],
      },
    });
    const active = lineOf({ period, components: list('active'), usage: nodes })!;
    const standby = lineOf({ period, components: list('standby'), usage: nodes })!;
    assert.deepEqual([formatDecimal(active.quantity), active.minor], ['744', 8928n]);
    assert.deepEqual([formatDecimal(standby.quantity), standby.minor], ['742.5', 3713n]);
    assert.equal(toMinor(negate(standby.exact), 'EUR'), -3713n);
  });

  it('6 April mailboxes 100, +50 on the 11th, −30 on the 21st: peak 22500, average 18500', () => {
    const april = mailboxes(
      ...many(70, 'stay', always.from, null),
      ...many(30, 'go', always.from, '2026-04-21T00:00:00Z'),
      ...many(50, 'come', '2026-04-11T00:00:00Z', null),
    );
    const period = month('2026-04');
    assert.equal(minorOf({ period, components: list('mailboxPeak'), usage: april }), 22500n);
    const average = lineOf({ period, components: list('mailboxAverage'), usage: april })!;
    assert.equal(average.minor, 18500n);
    assert.equal(formatDecimal(average.quantity, 3), '123.333');
  });

  it('6 ten mailboxes deleted and ten created in one instant leave the peak as it was', () => {
    const instant = '2026-04-15T12:00:00Z';
    const line = lineOf({
      period: month('2026-04'),
      components: list('mailboxPeak'),
      usage: mailboxes(
        ...many(90, 'stay', always.from, null),
        ...many(10, 'old', always.from, instant),
        ...many(10, 'new', instant, null),
      ),
    })!;
    assert.equal(formatDecimal(line.quantity), '100');
  });

  it('7 seven mailboxes from 11 April 15:00 to 13 April 09:00: prorated 105, average 61', () => {
    const seven = mailboxes(...many(7, 'm', '2026-04-11T15:00:00Z', '2026-04-13T09:00:00Z'));
    const period = month('2026-04');
    assert.equal(minorOf({ period, components: list('mailboxProrated'), usage: seven }), 105n);
    assert.equal(minorOf({ period, components: list('mailboxAverage'), usage: seven }), 61n);
  });

  it('7 a mailbox deleted and made again on one date counts that date once', () => {
    const again = mailboxes(
      lived('ann@x', '2026-04-11T01:00:00Z', '2026-04-11T02:00:00Z'),
      lived('ann@x', '2026-04-11T20:00:00Z', '2026-04-11T23:00:00Z'),
    );
    assert.equal(minorOf({ period: month('2026-04'), components: list('mailboxProrated'), usage: again }), 5n);
  });

  it('8 500 GB, 800 GB from the 16th of April: 650 GB-months, 13000', () => {
    const samples = {
      'storage-bytes': [
        sample('v', '2026-03-20T00:00:00Z', 500n * 10n ** 9n),
        sample('v', '2026-04-16T00:00:00Z', 800n * 10n ** 9n),
      ],
    };
    const line = lineOf({ period: month('2026-04'), components: list('storage'), usage: usage({ samples }) })!;
    assert.deepEqual([formatDecimal(line.quantity), line.minor], ['650', 13000n]);
  });

  it('8 123,456,789,012 bytes for 100 hours of April: 343', () => {
    const samples = {
      'storage-bytes': [sample('v', '2026-04-02T00:00:00Z', 123_456_789_012n), sample('v', '2026-04-06T04:00:00Z', 0)],
    };
    assert.equal(minorOf({ period: month('2026-04'), components: list('storage'), usage: usage({ samples }) }), 343n);
  });

  for (const name of ['2026-02', '2026-03']) {
    it(`8 500 GB all ${name}: 10000`, () => {
      const samples = { 'storage-bytes': [sample('v', always.from, 500n * 10n ** 9n)] };
      assert.equal(minorOf({ period: month(name), components: list('storage'), usage: usage({ samples }) }), 10000n);
    });
  }

  it('8 1 GB for 5 days and 3 GB for 25 at 0.015: 4', () => {
    const samples = {
      'storage-bytes': [
        sample('v', '2026-04-01T00:00:00Z', 10n ** 9n),
        sample('v', '2026-04-06T00:00:00Z', 3n * 10n ** 9n),
      ],
    };
    const components = [component('storage', unit('0.015'))];
    assert.equal(minorOf({ period: month('2026-04'), components, usage: usage({ samples }) }), 4n);
  });
});

describe('worked cases: price models', () => {
  const twoVolumes = volume([100_000, '0.0004'], [null, '0.00025']);
  const packages: PriceModel = { model: 'package', size: ratio(1_000), price: decimal('0.05') };
  for (const [model, price, rows] of [
    [
      'graduated',
      PRICE.messages,
      { 0: 0n, 10000: 0n, 10001: 0n, 10013: 1n, 100000: 3600n, 100001: 3600n, 250000: 7350n },
    ],
    ['volume', twoVolumes, { 100000: 4000n, 100001: 2500n }],
    ['package', packages, { 0: 0n, 1: 5n, 1000: 5n, 1001: 10n }],
  ] as const) {
    for (const [messages, cents] of Object.entries(rows)) {
      it(`9 ${model}: ${messages} messages, ${cents} cents`, () => {
        const counts = { 'messages-in': [counted('2026-04-03T10:00:00Z', Number(messages))] };
        const components = [component('messages', price)];
        assert.equal(minorOf({ period: month('2026-04'), components, usage: usage({ counts }) }), cents);
      });
    }
  }

  const april = month('2026-04');
  const segments = (parts: [from: string, to: string, ...components: ReturnType<typeof list>][]) =>
    parts.map(([from, to, ...components], index) => ({
      prices: { version: `v${index + 1}`, currency: 'EUR', components },
      spans: [{ from: at(`${from}T00:00:00Z`), to: at(`${to}T00:00:00Z`) }],
    }));
  const rate = (parts: Parameters<typeof segments>[0], used = usage({})): readonly RatedLine[] =>
    ratePeriod({
      period: april,
      currency: 'EUR',
      segments: segments(parts),
      usage: used,
      asOf: april.to,
      commitments: [],
      coupons: [],
      tax: NO_TAX,
    }).lines;

  it('10 a plan of 99.00 that becomes 149.00 on 11 April: 3300 + 9933 = 13233', () => {
    const lines = rate([
      ['2026-04-01', '2026-04-11', component('fee', flat('99.00'))],
      ['2026-04-11', '2026-05-01', component('fee', flat('149.00'))],
    ]);
    assert.deepEqual(
      lines.map(({ minor }) => minor),
      [3300n, 9933n],
    );
  });

  it('10 a 10.00 fee over three segments of ten days: 333, 334, 333', () => {
    const fee = component('fee', flat('10.00'));
    const lines = rate([
      ['2026-04-01', '2026-04-11', fee],
      ['2026-04-11', '2026-04-21', fee],
      ['2026-04-21', '2026-05-01', fee],
    ]);
    assert.deepEqual(
      lines.map(({ minor }) => minor),
      [333n, 334n, 333n],
    );
  });

  it('10 messages over a change of price: 6000 in the first ten days 107, 30000 in the rest at half price 467', () => {
    const half = graduated([10_000, '0'], [100_000, '0.0002'], [null, '0.000125']);
    const counts = { 'messages-in': [counted('2026-04-05T00:00:00Z', 6_000), counted('2026-04-11T00:00:00Z', 30_000)] };
    const lines = rate(
      [
        ['2026-04-01', '2026-04-11', component('messages', PRICE.messages)],
        ['2026-04-11', '2026-05-01', component('messages', half)],
      ],
      usage({ counts }),
    );
    assert.deepEqual(
      lines.map(({ minor }) => minor),
      [107n, 467n],
    );
  });

  it('17 currencies without and with three minor digits, and no float in sight', () => {
    for (const [quantity, price, currency, minor] of [
      ['744', '11.5', 'JPY', 8556n],
      ['650.5', '30.7', 'JPY', 19970n],
      ['745', '0.0245', 'KWD', 18253n],
      ['1', '1.005', 'EUR', 101n],
    ] as const) {
      assert.equal(toMinor(multiply(decimal(quantity), decimal(price)), currency), minor, `${quantity} × ${price}`);
    }
  });

  it('19 a thousand hubs for 180 seconds: one line of 400, and the first 400 of them carry a cent each', () => {
    const line = lineOf({
      period: month('2026-01'),
      components: list('hub'),
      usage: hub(...many(1_000, 'hub', '2026-01-05T00:00:00Z', '2026-01-05T00:03:00Z')),
    })!;
    assert.equal(line.minor, 400n);
    assert.deepEqual(
      line.parts.map(({ minor }) => minor),
      [...Array(400).fill(1n), ...Array(600).fill(0n)],
    );
    assert.equal(round(multiply(decimal('0.08'), ratio(180 * 100, 3_600))), 0n);
  });
});
