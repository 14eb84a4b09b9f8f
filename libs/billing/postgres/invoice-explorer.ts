import type { BillingAccounts, UsageSource } from '#billing/api';
import {
  evidenceOfLine,
  type HourlyUsage,
  type LineEvidence,
  type MonthRating,
  type RatedMonth,
} from '#billing/invoice';
import { type Count, decimal, formatDecimal, ONE, type RatedLine, ZERO } from '#billing/rating';
import type { Database, Queryable } from '#database';
import type { UsageFacts } from '#metering';
import { assert, present } from '#stdx';
import { type LateLine, lateLine } from './late-evidence.ts';
import { findRun, type RatingRun } from './rating-runs.ts';

/** What is behind one line of an invoice or draft: facts whose quantities sum to its quantity, then what was taken off and taxed. */
export interface Exploration {
  readonly position: number;
  readonly line: LineHead;
  /** Exact; decimals are rounded where they do not end. */
  readonly quantity: string;
  readonly run: RatingRun;
  readonly evidence: readonly ExploredEvidence[];
}

export interface LineHead {
  readonly component: string;
  readonly priceVersion: string;
  readonly serviceMonth: string;
  readonly description: string;
  readonly unit: string;
  readonly taxClass: string;
  readonly minor: bigint;
  readonly discount: bigint;
  readonly tax: bigint;
}

export type ExploredEvidence = Omit<LineEvidence, 'kind'> & {
  readonly kind: LineEvidence['kind'] | 'lateBefore' | 'lateAfter' | 'lateEvent' | 'discount' | 'tax';
};

interface LineRow {
  readonly position: number;
  readonly service_month: string;
  readonly component: string;
  readonly price_version: string;
  readonly description: string;
  readonly unit: string;
  readonly tax_class: string;
  readonly minor: string;
  readonly discount_minor: string;
  readonly tax_minor: string;
}

interface Explored {
  readonly run: RatingRun;
  readonly month: RatedMonth;
  readonly hours: HourlyUsage;
}

const HOUR_MS = 3_600_000;
/** Months kept rated, since a page is seldom the only one asked for. */
const KEPT_MAX = 4;

/**
 * Leads from a line to what it was made of. The month is rated again from the very events it was billed from, and comes out with
 * the digest it was billed with; so what is shown is what was charged, whatever has been counted since.
 */
export class InvoiceExplorer {
  private readonly kept = new Map<string, Explored>();

  constructor(
    private readonly database: Database,
    private readonly accounts: BillingAccounts,
    private readonly rating: MonthRating,
    private readonly usage: UsageSource,
  ) {}

  /** Every line, or the one at a position; none when the partner has no such invoice or line. */
  async explore(partnerId: string, invoiceId: string, position?: number): Promise<Exploration[]> {
    const found = await this.database.asPartner(partnerId, (client) => read(client, partnerId, invoiceId));
    if (!found) return [];
    const explored = await this.rated(found.run);
    const wanted = found.lines.filter((row) => position === undefined || row.position === position);
    const explorations: Exploration[] = [];
    for (const row of wanted) explorations.push(await this.line(partnerId, invoiceId, row, explored, found.taxes));
    return explorations;
  }

  private async line(
    partnerId: string,
    invoiceId: string,
    row: LineRow,
    { run, month, hours }: Explored,
    taxes: readonly TaxRow[],
  ): Promise<Exploration> {
    const head = headOf(row);
    const own = month.rated.lines[row.position - 1];
    const tax = taxEvidence(head, taxes, month);
    if (own) {
      const facts = evidenceOfLine(month, own, hours);
      const evidence = [...facts, ...discounts(month, row.position - 1), ...tax];
      return { position: row.position, line: head, quantity: exactText(own), run, evidence };
    }
    const late = await this.database.asPartner(partnerId, (client) =>
      lateLine(client, partnerId, invoiceId, row.position - month.rated.lines.length - 1),
    );
    const { month: again, run: lateRun } = await this.rated(late.run);
    const evidence = [...lateEvidence(late, again), ...tax];
    return { position: row.position, line: head, quantity: '1', run: lateRun, evidence };
  }

  private async rated(run: RatingRun): Promise<Explored> {
    const known = this.kept.get(run.id);
    if (known) return known;
    const account = await this.accounts.recall(run.partnerId, run.terms);
    const month = await this.rating.rateTerms(account, run.month, run.asOf, run.cutoff);
    assert(month.rated.digest === run.digest, `run ${run.id} comes out again as it was billed`);
    const explored = { run, month, hours: await this.hours(month) };
    this.kept.set(run.id, explored);
    const [oldest] = this.kept.keys();
    if (this.kept.size > KEPT_MAX && oldest !== undefined) this.kept.delete(oldest);
    return explored;
  }

  /** What was counted by the hour (UTC), cut where prices change as well. */
  private async hours({ account, cutoff, input, rated }: RatedMonth): Promise<HourlyUsage> {
    const { from, to } = rated.period;
    const starts = input.segments.flatMap(({ spans }) => spans.map((span) => span.from));
    const cuts = new Set([from, to, ...starts]);
    for (let hour = from - (from % HOUR_MS) + HOUR_MS; hour < to; hour += HOUR_MS) cuts.add(hour);
    const { counts, peaks } = await this.usage.facts({
      partnerId: account.partnerId,
      cuts: [...cuts].sort((a, b) => a - b),
      cutoff,
    });
    return { counts: byMeter(counts), ...(peaks ? { peaks: byMeter(peaks) } : {}) };
  }
}

function byMeter(counts: UsageFacts['counts']): Map<string, Count[]> {
  const read = counts.map(({ meter, subject, at, quantity }) => ({
    meter,
    resource: subject,
    at,
    quantity: decimal(quantity),
  }));
  return Map.groupBy(read, ({ meter }) => meter);
}

interface TaxRow {
  readonly tax_class: string;
  readonly category: string;
  readonly percent: string;
  readonly net_minor: string;
  readonly tax_minor: string;
  readonly note: string | null;
}

async function read(client: Queryable, partnerId: string, invoiceId: string) {
  const { rows: invoices } = await client.query<{ run_id: string; month: string }>(
    'SELECT run_id, month FROM invoice WHERE id = $1 AND partner_id = $2',
    [invoiceId, partnerId],
  );
  const invoice = invoices[0];
  if (!invoice) return undefined;
  const run = present(await findRun(client, partnerId, invoice.month, invoice.run_id), 'rating run');
  const lines = await client.query<LineRow>('SELECT * FROM invoice_line WHERE invoice_id = $1 ORDER BY position', [
    invoiceId,
  ]);
  const taxes = await client.query<TaxRow>('SELECT * FROM tax_line WHERE invoice_id = $1', [invoiceId]);
  return { run, lines: lines.rows, taxes: taxes.rows };
}

const headOf = (row: LineRow): LineHead => ({
  component: row.component,
  priceVersion: row.price_version,
  serviceMonth: row.service_month,
  description: row.description,
  unit: row.unit,
  taxClass: row.tax_class,
  minor: BigInt(row.minor),
  discount: BigInt(row.discount_minor),
  tax: BigInt(row.tax_minor),
});

const exactText = ({ quantity: { num, den } }: RatedLine): string => (den === 1n ? String(num) : `${num}/${den}`);

const noFact = { meter: null, label: null, quantity: ZERO } as const;

/** What each coupon took off the line: they sum to its discount. */
const discounts = ({ rated }: RatedMonth, index: number): ExploredEvidence[] =>
  rated.discounts.flatMap(({ coupon, allocated }): ExploredEvidence[] => {
    const minor = allocated[index] ?? 0n;
    const { from, to } = rated.period;
    if (minor === 0n) return [];
    return [{ ...noFact, kind: 'discount', resource: coupon.id, detail: coupon.description, from, to, minor: -minor }];
  });

/** The line's share of its class's tax, and what that was computed on. */
function taxEvidence({ taxClass, tax }: LineHead, taxes: readonly TaxRow[], { rated }: RatedMonth): ExploredEvidence[] {
  const row = taxes.find(({ tax_class }) => tax_class === taxClass);
  if (!row) return [];
  const percent = formatDecimal(decimal(row.percent), 3);
  const detail = `${row.category}, ${percent} % of ${row.net_minor} is ${row.tax_minor}, shared among the lines of ${taxClass}`;
  const { from, to } = rated.period;
  return [{ ...noFact, kind: 'tax', resource: taxClass, detail: row.note ?? detail, from, to, minor: tax }];
}

/** What the line came to with the late facts, less what had been billed of it; and those facts. */
function lateEvidence({ charge, events }: LateLine, { rated }: RatedMonth): ExploredEvidence[] {
  const index = rated.lines.findIndex(
    ({ component, priceVersion }) => component === charge.component && priceVersion === charge.priceVersion,
  );
  const after = rated.nets[index] ?? 0n;
  const { from, to, month } = rated.period;
  const base = { meter: null, label: null, from, to, resource: `${charge.component}@${charge.priceVersion}` };
  const meters = new Set(rated.lines[index]?.meters ?? []);
  return [
    { ...base, kind: 'lateAfter', quantity: ONE, detail: `${month} with what was counted late`, minor: after },
    { ...base, kind: 'lateBefore', quantity: ZERO, detail: 'billed of it before', minor: charge.net - after },
    ...events
      .filter(({ meter }) => meters.has(meter))
      .map(
        ({ seq, meter, subject, at, kind, amount }): ExploredEvidence => ({
          kind: 'lateEvent',
          meter,
          resource: subject,
          label: null,
          from: at,
          to: at,
          quantity: ZERO,
          detail: `${kind}${amount === null ? '' : ` ${amount}`}, event ${seq}`,
          minor: null,
        }),
      ),
  ];
}
