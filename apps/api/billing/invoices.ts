import type { InputOf, Invoice, InvoiceWithLines, ROUTES } from '#api-schema';
import type {
  FileFormat,
  InvoiceBook,
  InvoiceFile,
  InvoiceFiles,
  InvoiceFinalization,
  InvoiceSummary,
} from '#billing/postgres';
import { err, ok } from '#stdx';
import { allows } from '../http/authentication.guard.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

export class Invoices {
  constructor(
    private readonly partners: PartnerNames,
    private readonly book: InvoiceBook,
    private readonly finalization: InvoiceFinalization,
    private readonly files: InvoiceFiles,
  ) {}

  async list(
    asking: Asking,
    { params, query }: InputOf<Routes['listInvoices']>,
  ): Promise<Reply<{ items: Invoice[]; next?: string }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const found = await this.book.list(partner.value, query.limit + 1, query.after);
    const items = found.slice(0, query.limit).map(view);
    const last = items.at(-1);
    return ok(found.length > query.limit && last ? { items, next: last.month } : { items });
  }

  async show(asking: Asking, { params }: InputOf<Routes['showInvoice']>): Promise<Reply<InvoiceWithLines>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const { partnerId, invoice } = found.value;
    const lines = await this.book.lines(partnerId, invoice.id);
    return ok({
      ...view(invoice),
      lines: lines.map((line, index) => ({
        line: index + 1,
        kind: line.kind,
        description: line.description,
        quantity: line.quantity,
        unit: line.unit,
        unitPrice: line.unitPrice,
        amountMinor: Number(line.minor),
        evidence: line.evidence,
        serviceMonth: line.serviceMonth,
        discountMinor: Number(line.discount),
        taxMinor: Number(line.tax),
      })),
    });
  }

  async file(
    asking: Asking,
    { params }: InputOf<Routes['showInvoice']>,
    format: FileFormat,
  ): Promise<Reply<InvoiceFile>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const { partnerId, invoice } = found.value;
    if (invoice.state !== 'finalized')
      return err({ code: 'conflict', detail: 'the invoice is not final: there is only its JSON' });
    const file = await this.files.file({ kind: 'invoice', id: invoice.id, partnerId }, format);
    return file
      ? ok(file)
      : err({ code: 'conflict', detail: 'an electronic invoice needs the countries and VAT numbers of both sides' });
  }

  async approve(asking: Asking, { params }: InputOf<Routes['approveInvoice']>): Promise<Reply<Invoice>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const { partnerId, invoice } = found.value;
    if (invoice.state !== 'grace' && invoice.state !== 'failed')
      return err({ code: 'conflict', detail: 'the invoice is final' });
    const { actor } = asking.context;
    // A partner agrees to its lines; that what was counted may be billed as it is, only who counts can say.
    if (allows(asking.key, 'operator')) await this.finalization.release(invoice.id, actor);
    await this.finalization.approve(invoice.id, actor);
    const approved = await this.book.find(partnerId, invoice.id);
    return approved ? ok(view(approved)) : err({ code: 'invoice_not_found' });
  }

  /** Makes a failed draft final, or keeps the reason why it still cannot be. */
  async retry(asking: Asking, { params }: InputOf<Routes['retryInvoice']>): Promise<Reply<Invoice>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const { partnerId, invoice } = found.value;
    if (invoice.state !== 'failed') return err({ code: 'conflict', detail: 'the invoice is no failed draft' });
    await this.finalization.finalize(invoice.id);
    const tried = await this.book.find(partnerId, invoice.id);
    return tried ? ok(view(tried)) : err({ code: 'invoice_not_found' });
  }

  private async find(
    asking: Asking,
    params: { readonly partner: string; readonly invoice: string },
  ): Promise<Reply<{ readonly partnerId: string; readonly invoice: InvoiceSummary }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const invoice = await this.book.find(partner.value, params.invoice);
    return invoice ? ok({ partnerId: partner.value, invoice }) : err({ code: 'invoice_not_found' });
  }
}

const view = (invoice: InvoiceSummary): Invoice => ({
  id: invoice.id,
  number: invoice.number,
  month: invoice.month,
  state: invoice.state,
  failure: invoice.failure,
  needsApproval: invoice.needsApproval,
  held: invoice.held,
  graceUntil: invoice.graceUntil.toISOString(),
  issuedAt: invoice.issuedAt?.toISOString() ?? null,
  dueAt: invoice.dueAt?.toISOString() ?? null,
  currency: invoice.currency,
  netMinor: Number(invoice.net),
  taxMinor: Number(invoice.tax),
  totalMinor: Number(invoice.total),
  dueMinor: invoice.due === null ? null : Number(invoice.due),
  settlement: invoice.settlement,
});
