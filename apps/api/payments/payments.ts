import type { InputOf, PaymentAttempt, PaymentMethod, Payment as PaymentView, ROUTES } from '#api-schema';
import type {
  BookedPayment,
  InvoiceBook,
  InvoiceCollection,
  InvoiceSummary,
  Payments as Ledger,
  PaymentBook,
  PaymentMethods,
} from '#billing/postgres';
import { type Clock, err, ok, present } from '#stdx';
import { refusedByBilling } from '../billing/billing.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** The books and the collector behind the routes. */
export interface PaymentGround {
  readonly invoices: InvoiceBook;
  readonly book: PaymentBook;
  readonly ledger: Ledger;
  readonly methods: PaymentMethods;
  readonly collection: InvoiceCollection;
}

export class Payments {
  constructor(
    private readonly partners: PartnerNames,
    private readonly ground: PaymentGround,
    private readonly clock: Clock,
  ) {}

  async beginSetup(asking: Asking, { params }: InputOf<Routes['beginPaymentSetup']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    return partner.ok ? ok({ ...(await this.ground.methods.beginSetup(partner.value)) }) : partner;
  }

  async methods(
    asking: Asking,
    { params }: InputOf<Routes['listPaymentMethods']>,
  ): Promise<Reply<{ items: PaymentMethod[] }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const items = await this.ground.methods.list(partner.value);
    return ok({ items: items.map(({ addedAt, ...method }) => ({ ...method, addedAt: addedAt.toISOString() })) });
  }

  async choose(
    asking: Asking,
    input: InputOf<Routes['choosePaymentMethod']>,
  ): Promise<Reply<{ items: PaymentMethod[] }>> {
    const partner = await this.partners.idOf(asking, input.params.partner);
    if (!partner.ok) return partner;
    const chosen = await this.ground.methods.makeDefault(partner.value, input.params.method);
    return chosen.ok ? this.methods(asking, input) : err({ code: 'payment_method_not_found' });
  }

  async forget(asking: Asking, { params }: InputOf<Routes['deletePaymentMethod']>): Promise<Reply<undefined>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const removed = await this.ground.methods.remove(partner.value, params.method);
    return removed.ok ? ok(undefined) : err({ code: 'payment_method_not_found' });
  }

  async list(asking: Asking, { params, query }: InputOf<Routes['listPayments']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const found = await this.ground.book.list(partner.value, query.limit + 1, query.after);
    const items = found.slice(0, query.limit).map(view);
    const last = items.at(-1);
    return ok(found.length > query.limit && last ? { items, next: last.id } : { items });
  }

  async record(asking: Asking, { params, body }: InputOf<Routes['recordPayment']>): Promise<Reply<PaymentView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const invoice = body.invoice === undefined ? null : await this.ground.invoices.find(partner.value, body.invoice);
    if (invoice === undefined) return err({ code: 'invoice_not_found' });
    const { reference, currency } = body;
    const received = await this.ground.ledger.receive({
      partnerId: partner.value,
      ...(invoice === null ? {} : { invoiceId: invoice.id }),
      method: 'manual',
      reference,
      minor: BigInt(body.amountMinor),
      currency,
      receivedAt: new Date(body.receivedAt ?? this.clock.now()),
    });
    if (!received.ok) return err(refusedByBilling(received.error));
    return ok(view(present(await this.ground.book.find(partner.value, 'manual', reference), 'the payment')));
  }

  async attempts(
    asking: Asking,
    { params }: InputOf<Routes['listPaymentAttempts']>,
  ): Promise<Reply<{ items: PaymentAttempt[] }>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const kept = await this.ground.book.attempts(found.value.partnerId, found.value.invoice.id);
    return ok({
      items: kept.map(({ minor, startedAt, updatedAt, ...rest }) => ({
        ...rest,
        amountMinor: Number(minor),
        startedAt: startedAt.toISOString(),
        updatedAt: updatedAt.toISOString(),
      })),
    });
  }

  async collect(asking: Asking, { params }: InputOf<Routes['collectInvoice']>) {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const { invoice } = found.value;
    if (invoice.state !== 'finalized') return err({ code: 'conflict', detail: 'the invoice is not final' } as const);
    const outcome = await this.ground.collection.collect(invoice.id, `asked~${asking.context.requestId}`);
    const clientSecret = outcome === 'actionNeeded' ? await this.ground.collection.clientSecret(invoice.id) : null;
    return ok({ outcome, clientSecret });
  }

  private async find(
    asking: Asking,
    params: { readonly partner: string; readonly invoice: string },
  ): Promise<Reply<{ readonly partnerId: string; readonly invoice: InvoiceSummary }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const invoice = await this.ground.invoices.find(partner.value, params.invoice);
    return invoice ? ok({ partnerId: partner.value, invoice }) : err({ code: 'invoice_not_found' });
  }
}

const view = ({ minor, receivedAt, ...payment }: BookedPayment): PaymentView => ({
  ...payment,
  amountMinor: Number(minor),
  receivedAt: receivedAt.toISOString(),
});
