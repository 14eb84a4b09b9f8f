import {
  type BillingAccount,
  type BillingAccounts,
  type BillingError,
  endedBy,
  type OpenSpan,
  type UsageSource,
} from '#billing/api';
import {
  type BillingPeriod,
  billingPeriod,
  clip,
  decimal,
  isMonth,
  monthOf,
  type PriceComponent,
  type PricedSegment,
  type RatingInput,
  ratePeriod,
  type Span,
  startOfDay,
  type Usage,
} from '#billing/rating';
import type { UsageFacts } from '#metering';
import { type Clock, err, ok, type Result } from '#stdx';
import { dailyUsage } from './daily-usage.ts';
import { type Forecast, forecastOf } from './forecast.ts';
import type { RatedMonth } from './rated-month.ts';

/** A week has every day of the week in it: mail has a rhythm of seven days. */
const RATE_WINDOW_MS = 7 * 86_400_000;

/** Rates one partner's month from what was used and agreed. */
export class MonthRating {
  constructor(
    private readonly accounts: BillingAccounts,
    private readonly usage: UsageSource,
    private readonly clock: Clock,
  ) {}

  /** By id or handle, `month` as `YYYY-MM`; up to now while it runs. `cutoff` leaves out what was counted later. */
  async rate(partner: string, month: string, cutoff?: bigint): Promise<Result<RatedMonth, BillingError>> {
    if (!isMonth(month)) return err({ code: 'invalid', field: 'month', reason: 'a month is YYYY-MM' });
    const account = await this.accounts.find(partner, month);
    if (!account) return err({ code: 'notFound', what: 'partner' });
    const { from, to } = billingPeriod(month, account.zone, account.anchorDay);
    const asOf = Math.min(to, Math.max(from, this.clock.now()));
    return ok(await this.rateTerms(account, month, asOf, cutoff));
  }

  /**
   * What the running month comes to so far and will have come to at its end, if everything goes on as it does now. Counters go
   * on at their rate since the month began or of the last week, whichever is longer.
   */
  async forecast(partner: string): Promise<Result<Forecast, BillingError>> {
    const account = await this.accounts.find(partner);
    if (!account) return err({ code: 'notFound', what: 'partner' });
    const now = this.clock.now();
    const month = monthOf(now, account.zone, account.anchorDay);
    const taxed = (await this.accounts.find(partner, month)) ?? account;
    const toDate = await this.rateTerms(taxed, month, Math.max(now, account.started));
    const { asOf, cutoff, rated } = toDate;
    const window = { from: Math.max(account.started, Math.min(rated.period.from, asOf - RATE_WINDOW_MS)), to: asOf };
    if (window.from >= window.to) return ok(forecastOf(toDate, window, new Map()));
    const { counts } = await this.usage.facts({
      partnerId: account.partnerId,
      cuts: [window.from, window.to],
      cutoff,
    });
    return ok(forecastOf(toDate, window, usageOf({ intervals: [], samples: [], counts }).counts));
  }

  /** By given terms, up to `asOf`: how a closed month is rated again. */
  async rateTerms(account: BillingAccount, month: string, asOf: number, cutoff?: bigint): Promise<RatedMonth> {
    const period = billingPeriod(month, account.zone, account.anchorDay);
    const upTo = cutoff ?? (await this.usage.lastSeq(account.partnerId));
    const segments = segmentsIn(account, period);
    const starts = segments.flatMap(({ spans }) => spans.map(({ from }) => from));
    const facts = await this.usage.facts({
      partnerId: account.partnerId,
      cuts: [...new Set([period.from, ...starts, period.to])].sort((a, b) => a - b),
      cutoff: upTo,
      levels: [...new Set(segments.flatMap(({ prices }) => prices.components.flatMap(levelMeters)))],
    });
    const usage = usageOf(facts);
    const input: RatingInput = {
      period,
      currency: (segments[0] ?? account.segments[0])?.prices.currency ?? 'EUR',
      segments,
      usage,
      asOf,
      commitments: account.commitments.flatMap((commitment) => {
        const span = within(commitment, account, period);
        return span ? [{ amount: commitment.amount, span }] : [];
      }),
      coupons: account.coupons
        .filter((coupon) => within(coupon, account, period))
        .map(({ from, to, ...coupon }) => coupon),
      tax: account.tax,
    };
    const rated = ratePeriod(input);
    const daily = rated.lines.map((line) => dailyUsage(line, usage, period, asOf));
    return { account, rated, asOf, cutoff: upTo, labels: labelsOf(facts), daily, input };
  }
}

/** The price versions of the period, each with its whole local dates; a version that comes back has several spans. */
function segmentsIn(account: BillingAccount, period: BillingPeriod): PricedSegment[] {
  const found = account.segments.flatMap((segment) => {
    const span = within(segment, account, period);
    return span ? [{ prices: segment.prices, span }] : [];
  });
  return [...Map.groupBy(found, ({ prices }) => prices.version).values()].map((same) => ({
    prices: same[0]!.prices,
    spans: same.map(({ span }) => span),
  }));
}

/** The part of an open span inside the period and the subscription, from whole local date to whole local date. */
function within(span: OpenSpan, account: BillingAccount, period: BillingPeriod): Span | undefined {
  const { from, to } = endedBy(span, period.to);
  const subscribed = endedBy({ from: account.started, to: account.ended }, period.to);
  const dates = {
    from: startOfDay(from, account.zone),
    to: to >= period.to ? period.to : startOfDay(to, account.zone),
  };
  const inside = clip(dates, period);
  return inside && clip(inside, { ...subscribed, from: startOfDay(subscribed.from, account.zone) });
}

const levelMeters = ({ measure, meters }: PriceComponent): readonly string[] => (measure === 'level' ? meters : []);

const labelsOf = ({ intervals }: UsageFacts): Map<string, string> =>
  new Map(intervals.flatMap(({ subject, label }) => (label === null ? [] : [[subject, label]])));

/** Facts in the form rating takes. A mailbox is known by its address, so that one made again on a date counts once. */
function usageOf(facts: UsageFacts): Usage {
  const intervals = facts.intervals.map(({ meter, subject, label, from, to }) => ({
    meter,
    resource: meter === 'mailbox' ? (label ?? subject) : subject,
    from,
    to,
  }));
  const samples = facts.samples.map(({ meter, subject, at, value }) => ({
    meter,
    resource: subject,
    at,
    value: decimal(value),
  }));
  const counts = facts.counts.map(({ meter, subject, at, quantity }) => ({
    meter,
    resource: subject,
    at,
    quantity: decimal(quantity),
  }));
  const peaks = facts.peaks?.map(({ subject, quantity, ...peak }) => ({
    ...peak,
    resource: subject,
    quantity: decimal(quantity),
  }));
  const uniques = facts.uniques?.map(({ subject, quantity, ...seen }) => ({
    ...seen,
    resource: subject,
    quantity: decimal(quantity),
  }));
  const byMeter = <T extends { meter: string }>(items: T[]): Map<string, T[]> =>
    Map.groupBy(items, ({ meter }) => meter);
  return {
    intervals: byMeter(intervals),
    samples: byMeter(samples),
    counts: byMeter(counts),
    ...(peaks ? { peaks: byMeter(peaks) } : {}),
    ...(uniques ? { uniques: byMeter(uniques) } : {}),
  };
}
