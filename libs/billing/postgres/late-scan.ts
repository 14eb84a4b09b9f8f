import type { BillingAccounts } from '#billing/api';
import type { MonthRating, RatedMonth } from '#billing/invoice';
import { type Billed, type DeltaLine, type LateOutcome, lateUsage, lineKey } from '#billing/rating';
import type { Database, Queryable } from '#database';
import { type Clock, present } from '#stdx';
import { issueCreditNote } from './credit.ts';
import { leftByClass } from './creditable.ts';
import { smaller } from './ledger.ts';
import { findRun, recordRun } from './rating-runs.ts';

interface Closed {
  readonly invoice_id: string;
  readonly partner_id: string;
  readonly month: string;
}

/** Finds use that was counted after its month was billed, and bills the difference: on the next invoice, or as a credit note. */
export class LateUsageScan {
  constructor(
    private readonly database: Database,
    private readonly accounts: BillingAccounts,
    private readonly rating: MonthRating,
    private readonly clock: Clock,
  ) {}

  /** Final months with events (or voids) newer than their last rating. */
  async due(limit: number): Promise<Closed[]> {
    return this.database.query<Closed & Record<string, unknown>>(
      `SELECT invoice.id AS invoice_id, invoice.partner_id, invoice.month FROM invoice
       JOIN LATERAL (SELECT max(cutoff_seq) AS cutoff FROM rating_run
                     WHERE rating_run.partner_id = invoice.partner_id AND rating_run.month = invoice.month) last ON true
       WHERE invoice.state IN ('finalized', 'skipped') AND (
         EXISTS (SELECT FROM usage_event event WHERE event.partner_id = invoice.partner_id AND event.seq > last.cutoff AND event.at < invoice.period_end)
         OR EXISTS (SELECT FROM usage_void void WHERE void.partner_id = invoice.partner_id AND void.seq > last.cutoff))
       ORDER BY invoice.period_start, invoice.id LIMIT $1`,
      [limit],
    );
  }

  /** Rates one month again by the terms it was billed under. Done twice it is done once: the second time nothing is new. */
  async settle(closed: Closed): Promise<LateOutcome['kind']> {
    const { partner_id: partnerId, month, invoice_id: invoiceId } = closed;
    const before = present(
      await this.database.transaction((client) => findRun(client, partnerId, month)),
      'rating run',
    );
    const account = await this.accounts.recall(partnerId, before.terms);
    const rated = await this.rating.rateTerms(account, month, before.asOf);
    return this.database.transaction(async (client) => {
      await client.query('SELECT FROM invoice WHERE id = $1 FOR UPDATE', [invoiceId]);
      const last = present(await findRun(client, partnerId, month), 'rating run');
      if (last.cutoff >= rated.cutoff) return 'nothing';
      const outcome = lateUsage(rated.rated, await billed(client, partnerId, month), account.tax);
      const runId = await recordRun(client, rated);
      if (outcome.kind === 'charge') await charge(client, rated, runId, outcome.lines);
      if (outcome.kind === 'credit') await this.credit(client, rated, runId, invoiceId, outcome.lines);
      return outcome.kind;
    });
  }

  private async credit(
    client: Queryable,
    rated: RatedMonth,
    runId: string,
    invoiceId: string,
    lines: readonly DeltaLine[],
  ): Promise<void> {
    const month = rated.rated.period.month;
    const left = await withinWhatIsLeft(client, invoiceId, lines);
    if (left.length === 0) return;
    await issueCreditNote(client, {
      invoiceId,
      runId,
      reason: `Use of ${month} counted after it was billed`,
      at: new Date(this.clock.now()),
      lines: left.map((line) => ({
        serviceMonth: month,
        ...partsOf(line.key),
        description: describe(rated, line.key),
        taxClass: line.taxClass,
        net: -line.net,
      })),
    });
  }
}

/** Goodwill may have given back already what late use would: the lines, cut to what each tax class has left. */
async function withinWhatIsLeft(
  client: Queryable,
  invoiceId: string,
  lines: readonly DeltaLine[],
): Promise<DeltaLine[]> {
  const classes = await leftByClass(client, invoiceId);
  return [...Map.groupBy(lines, ({ taxClass }) => taxClass)].flatMap(([taxClass, own]) => {
    let excess = own.reduce((sum, { net }) => sum - net, 0n) - (classes.get(taxClass) ?? 0n);
    return own.flatMap((line) => {
      const cut = line.net < 0n && excess > 0n ? smaller(excess, -line.net) : 0n;
      excess -= cut;
      return line.net + cut === 0n ? [] : [{ ...line, net: line.net + cut }];
    });
  });
}

/** What a month was billed by its rating: its own invoice's lines, late charges, less credit notes that a rating made. */
async function billed(client: Queryable, partnerId: string, month: string): Promise<Billed> {
  const { rows } = await client.query<{ component: string; price_version: string; tax_class: string; net: string }>(
    `SELECT component, price_version, tax_class, sum(net) AS net FROM (
       SELECT line.component, line.price_version, line.tax_class, line.minor - line.discount_minor AS net
       FROM invoice_line line JOIN invoice ON invoice.id = line.invoice_id
       WHERE line.partner_id = $1 AND line.service_month = $2 AND invoice.month = $2 AND invoice.state IN ('finalized', 'skipped')
       UNION ALL
       SELECT component, price_version, tax_class, net_minor FROM late_charge WHERE partner_id = $1 AND service_month = $2
       UNION ALL
       SELECT line.component, line.price_version, line.tax_class, -line.net_minor
       FROM credit_note_line line JOIN credit_note note ON note.id = line.credit_note_id
       WHERE line.partner_id = $1 AND line.service_month = $2 AND note.run_id IS NOT NULL
     ) part GROUP BY component, price_version, tax_class`,
    [partnerId, month],
  );
  return {
    nets: new Map(
      rows.map((row) => [
        lineKey({ component: row.component, priceVersion: row.price_version }),
        { taxClass: row.tax_class, net: BigInt(row.net) },
      ]),
    ),
  };
}

async function charge(client: Queryable, rated: RatedMonth, runId: string, lines: readonly DeltaLine[]): Promise<void> {
  for (const { key, taxClass, net } of lines) {
    const { component, priceVersion } = partsOf(key);
    const kind = rated.rated.lines.find((line) => lineKey(line) === key)?.kind ?? 'fee';
    await client.query(
      `INSERT INTO late_charge (partner_id, run_id, service_month, component, price_version, description, kind, tax_class, net_minor)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        rated.account.partnerId,
        runId,
        rated.rated.period.month,
        component,
        priceVersion,
        describe(rated, key),
        kind,
        taxClass,
        String(net),
      ],
    );
  }
}

function describe({ account, rated }: RatedMonth, key: string): string {
  const line = rated.lines.find((candidate) => lineKey(candidate) === key);
  if (line) return line.description;
  const { component, priceVersion } = partsOf(key);
  const prices = account.segments.find((segment) => segment.prices.version === priceVersion)?.prices;
  return prices?.components.find(({ id }) => id === component)?.description ?? component;
}

const partsOf = (key: string): { component: string; priceVersion: string } => {
  const cut = key.lastIndexOf('@');
  return { component: key.slice(0, cut), priceVersion: key.slice(cut + 1) };
};
