import type { Database } from '#database';
import type { Observation, UsageFindings } from '#metering';

/** Invariant 8 of docs/BILLING.md: each month of a partner's begins where the one before ended. */
const TILING = `
  SELECT partner_id, month, period_start AS started, before AS expected FROM (
    SELECT partner_id, month, period_start, lag(period_end) OVER (PARTITION BY partner_id ORDER BY period_start) AS before FROM invoice WHERE kind = 'period'
  ) period WHERE before <> period_start`;

/** What of the books must always be so and can be asked of them whole; each gives back whatever breaks it. */
const BOOKS: Readonly<Record<string, string>> = {
  'the lines, discounts and taxes of an invoice are not its total': `
    SELECT invoice.partner_id, month, period_start AS started, number AS subject FROM invoice WHERE state = 'finalized' AND total_minor <> (
      SELECT coalesce(sum(minor - discount_minor + tax_minor), 0) FROM invoice_line WHERE invoice_id = invoice.id)`,
  'the credit notes of an invoice exceed it': `
    SELECT invoice.partner_id, month, min(period_start) AS started, invoice.number AS subject FROM invoice JOIN credit_note note ON note.invoice_id = invoice.id
    GROUP BY invoice.id HAVING sum(note.total_minor) > invoice.total_minor OR sum(note.net_minor) > invoice.net_minor`,
  'more of a payment went back than came': `
    SELECT payment.partner_id, '' AS month, received_at AS started, payment.reference AS subject FROM payment JOIN refund ON refund.payment_id = payment.id
    WHERE refund.state <> 'failed' GROUP BY payment.id HAVING sum(refund.minor) > payment.minor`,
  'refunds on their way are not what the ledger has on its way': `
    SELECT partner_id, '' AS month, '1970-01-01Z'::timestamptz AS started, currency AS subject FROM (
      SELECT partner_id, currency, minor FROM wallet_ledger WHERE account = 'refunds'
      UNION ALL SELECT partner_id, currency, minor FROM refund WHERE method = 'stripe' AND state IN ('pending', 'processing')
    ) part GROUP BY partner_id, currency HAVING sum(minor) <> 0`,
  'a wallet is not the sum of its entries, or below nothing': `
    SELECT wallet.partner_id, '' AS month, '1970-01-01Z'::timestamptz AS started, currency AS subject FROM wallet WHERE minor < 0 OR minor <> -(
      SELECT coalesce(sum(minor), 0) FROM wallet_ledger entry
      WHERE account = 'wallet' AND entry.partner_id = wallet.partner_id AND entry.currency = wallet.currency)`,
};

/** Looks every night whether the books still are what they must be. What is not is a finding, and alerts until it is mended. */
export class BooksAudit {
  constructor(
    private readonly database: Database,
    private readonly findings: UsageFindings,
  ) {}

  /** Returns how much was found. */
  async run(): Promise<number> {
    const observed = new Map<string, Observation[]>();
    const add = (partnerId: string, observation: Omit<Observation, 'kind' | 'ended' | 'meter'>): void => {
      const own = observed.get(partnerId) ?? [];
      observed.set(partnerId, [...own, { kind: 'books', meter: '', ended: null, ...observation }]);
    };
    for (const row of await this.database.query<{ partner_id: string; month: string; started: Date; expected: Date }>(
      TILING,
    ))
      add(row.partner_id, {
        subject: row.month,
        started: row.started.getTime(),
        expected: row.expected.toISOString(),
        found: row.started.toISOString(),
        detail: `The month ${row.month} begins at ${row.started.toISOString()}; the one before ended at ${row.expected.toISOString()}.`,
      });
    for (const [law, sql] of Object.entries(BOOKS))
      for (const row of await this.database.query<{
        partner_id: string;
        month: string;
        started: Date;
        subject: string;
      }>(sql))
        add(row.partner_id, {
          subject: `${row.subject} ${law}`.slice(0, 200),
          started: row.started.getTime(),
          detail: `${row.subject} ${row.month}: ${law}.`,
        });
    const known = await this.database.query<{ partner_id: string }>(
      `SELECT DISTINCT partner_id FROM usage_finding WHERE kind = 'books' AND resolved_at IS NULL`,
    );
    for (const partnerId of new Set([...observed.keys(), ...known.map(({ partner_id }) => partner_id)]))
      await this.findings.observe({ partnerId, kinds: ['books'] }, observed.get(partnerId) ?? []);
    return [...observed.values()].reduce((sum, { length }) => sum + length, 0);
  }
}
