import type { InputOf, Refund as RefundView, ROUTES } from '#api-schema';
import type { InvoiceBook, Refunds as Ledger, Refund, RefundBook } from '#billing/postgres';
import { err, ok } from '#stdx';
import { refusedByBilling } from '../billing/billing.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** Money that goes back. */
export class Refunds {
  constructor(
    private readonly partners: PartnerNames,
    private readonly invoices: InvoiceBook,
    private readonly ledger: Ledger,
    private readonly book: RefundBook,
  ) {}

  /** The provider is asked by billing, which goes on until it knows. */
  async create(asking: Asking, input: InputOf<Routes['createRefund']>): Promise<Reply<{ items: RefundView[] }>> {
    const { params, body } = input;
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const invoice = await this.invoices.find(partner.value, params.invoice);
    if (!invoice) return err({ code: 'invoice_not_found' });
    const { reason, method, reference, lines } = body;
    if ((method === 'manual') !== (reference !== undefined))
      return err({
        code: 'invalid_value',
        errors: [{ field: 'reference', reason: 'needed with manual, and only then' }],
      });
    const made = await this.ledger.request({
      partnerId: partner.value,
      invoiceId: invoice.id,
      reason,
      method,
      actor: asking.context.actor,
      ...(reference === undefined ? {} : { reference }),
      ...(lines ? { lines: lines.map(({ line, netMinor }) => ({ position: line, net: BigInt(netMinor) })) } : {}),
    });
    return made.ok ? ok({ items: made.value.map(view) }) : err(refusedByBilling(made.error));
  }

  async list(asking: Asking, { params, query }: InputOf<Routes['listRefunds']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const found = await this.book.list(partner.value, query.limit + 1, query.after);
    const items = found.slice(0, query.limit).map(view);
    const last = items.at(-1);
    return ok(found.length > query.limit && last ? { items, next: last.id } : { items });
  }
}

const view = ({ minor, requestedAt, updatedAt, ...refund }: Refund): RefundView => ({
  ...refund,
  amountMinor: Number(minor),
  requestedAt: requestedAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});
