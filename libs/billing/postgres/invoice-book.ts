import type { InvoiceLine, InvoiceRecord, KeptWithInvoice } from '#billing/invoice';
import { decimal, type TaxCategory } from '#billing/rating';
import type { Database } from '#database';

/** One invoice in a list, drafts included. */
export interface InvoiceSummary {
  readonly id: string;
  readonly number: string | null;
  readonly month: string;
  readonly state: 'grace' | 'failed' | 'finalized' | 'skipped';
  /** Why it is not final, when it should be. */
  readonly failure: string | null;
  readonly needsApproval: boolean;
  /** What was found in its usage: it waits until that is mended or an operator approves it. */
  readonly held: string | null;
  readonly graceUntil: Date;
  readonly issuedAt: Date | null;
  readonly dueAt: Date | null;
  readonly currency: string;
  /** Minor units. */
  readonly net: bigint;
  readonly tax: bigint;
  readonly total: bigint;
  readonly due: bigint | null;
  readonly settlement: 'open' | 'paid' | 'overdue' | 'uncollectible' | 'void' | null;
}

/** Invoices to read; bound to the partner by row-level security. */
export class InvoiceBook {
  constructor(private readonly database: Database) {}

  /** Newest month first; `after` is the month of the last one seen. */
  async list(partnerId: string, limit: number, after?: string): Promise<InvoiceSummary[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<SummaryRow>(
        `SELECT invoice.*, settlement.state AS settlement, settlement.due_minor FROM invoice
         LEFT JOIN invoice_settlement settlement ON settlement.invoice_id = invoice.id
         WHERE invoice.partner_id = $1 AND ($2::text IS NULL OR month < $2) ORDER BY month DESC LIMIT $3`,
        [partnerId, after ?? null, limit],
      );
      return rows.map(summary);
    });
  }

  /** By id or number; `undefined` when it is not the partner's. */
  async find(partnerId: string, idOrNumber: string): Promise<InvoiceSummary | undefined> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<SummaryRow>(
        `SELECT invoice.*, settlement.state AS settlement, settlement.due_minor FROM invoice
         LEFT JOIN invoice_settlement settlement ON settlement.invoice_id = invoice.id
         WHERE invoice.partner_id = $1 AND (invoice.id::text = $2 OR number = $2)`,
        [partnerId, idOrNumber],
      );
      return rows[0] && summary(rows[0]);
    });
  }

  /** A draft's or invoice's lines. */
  async lines(partnerId: string, invoiceId: string): Promise<InvoiceLine[]> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<LineRow>(
        'SELECT * FROM invoice_line WHERE invoice_id = $1 ORDER BY position',
        [invoiceId],
      );
      return rows.map(line);
    });
  }

  /** All that the documents of a final invoice show; `undefined` while it is not final. */
  async record(partnerId: string, invoiceId: string): Promise<InvoiceRecord | undefined> {
    return this.database.asPartner(partnerId, async (client) => {
      const { rows } = await client.query<SummaryRow & { partner_id: string; document: KeptWithInvoice }>(
        `SELECT *, NULL AS settlement, NULL AS due_minor FROM invoice WHERE id = $1 AND state = 'finalized'`,
        [invoiceId],
      );
      const row = rows[0];
      if (!row) return undefined;
      const lines = await client.query<LineRow>('SELECT * FROM invoice_line WHERE invoice_id = $1 ORDER BY position', [
        invoiceId,
      ]);
      const taxes = await client.query<{
        tax_class: string;
        category: TaxCategory;
        percent: string;
        net_minor: string;
        tax_minor: string;
        note: string | null;
      }>('SELECT * FROM tax_line WHERE invoice_id = $1 ORDER BY tax_class', [invoiceId]);
      return {
        ...row.document,
        id: row.id,
        partnerId: row.partner_id,
        number: row.number ?? '',
        month: row.month,
        periodStart: row.period_start.getTime(),
        periodEnd: row.period_end.getTime(),
        issuedAt: row.issued_at?.getTime() ?? 0,
        dueAt: row.due_at?.getTime() ?? 0,
        currency: row.currency,
        lines: lines.rows.map(line),
        taxes: taxes.rows.map((tax) => ({
          taxClass: tax.tax_class,
          category: tax.category,
          percent: decimal(tax.percent),
          net: BigInt(tax.net_minor),
          tax: BigInt(tax.tax_minor),
          note: tax.note,
        })),
        net: BigInt(row.net_minor),
        tax: BigInt(row.tax_minor),
        total: BigInt(row.total_minor),
      };
    });
  }
}

interface SummaryRow {
  readonly id: string;
  readonly number: string | null;
  readonly month: string;
  readonly state: InvoiceSummary['state'];
  readonly failure: string | null;
  readonly approval: boolean;
  readonly approved_by: string | null;
  readonly held: string | null;
  readonly period_start: Date;
  readonly period_end: Date;
  readonly grace_until: Date;
  readonly issued_at: Date | null;
  readonly due_at: Date | null;
  readonly currency: string;
  readonly net_minor: string;
  readonly tax_minor: string;
  readonly total_minor: string;
  readonly due_minor: string | null;
  readonly settlement: InvoiceSummary['settlement'];
}

const summary = (row: SummaryRow): InvoiceSummary => ({
  id: row.id,
  number: row.number,
  month: row.month,
  state: row.state,
  failure: row.failure,
  needsApproval: row.approval && row.approved_by === null,
  held: row.held,
  graceUntil: row.grace_until,
  issuedAt: row.issued_at,
  dueAt: row.due_at,
  currency: row.currency,
  net: BigInt(row.net_minor),
  tax: BigInt(row.tax_minor),
  total: BigInt(row.total_minor),
  due: row.due_minor === null ? null : BigInt(row.due_minor),
  settlement: row.settlement,
});

interface LineRow {
  readonly service_month: string;
  readonly component: string;
  readonly price_version: string;
  readonly kind: InvoiceLine['kind'];
  readonly description: string;
  readonly quantity: string;
  readonly unit: string;
  readonly unit_price: string;
  readonly evidence: string;
  readonly tax_class: string;
  readonly minor: string;
  readonly discount_minor: string;
  readonly tax_minor: string;
}

const line = (row: LineRow): InvoiceLine => ({
  serviceMonth: row.service_month,
  component: row.component,
  priceVersion: row.price_version,
  kind: row.kind,
  description: row.description,
  quantity: row.quantity,
  unit: row.unit,
  unitPrice: row.unit_price,
  evidence: row.evidence,
  taxClass: row.tax_class,
  minor: BigInt(row.minor),
  discount: BigInt(row.discount_minor),
  tax: BigInt(row.tax_minor),
});
