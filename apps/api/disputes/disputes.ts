import type { Dispute as DisputeView, InputOf, ROUTES } from '#api-schema';
import type { BillingError } from '#billing/api';
import type { Dispute, DisputeBook, InvoiceBook, Disputes as Ledger, Speaker } from '#billing/postgres';
import { err, ok, type Result } from '#stdx';
import { refusedByBilling } from '../billing/billing.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

export class Disputes {
  constructor(
    private readonly partners: PartnerNames,
    private readonly invoices: InvoiceBook,
    private readonly ledger: Ledger,
    private readonly book: DisputeBook,
  ) {}

  async open(asking: Asking, { params, body }: InputOf<Routes['openDispute']>): Promise<Reply<DisputeView>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const invoice = await this.invoices.find(partner.value, params.invoice);
    if (!invoice) return err({ code: 'invoice_not_found' });
    const { line, netMinor, text } = body;
    const opened = await this.ledger.open(
      {
        partnerId: partner.value,
        invoiceId: invoice.id,
        position: line,
        text,
        ...(netMinor === undefined ? {} : { net: BigInt(netMinor) }),
      },
      // Whoever opens it speaks for the partner.
      { side: 'partner', author: asking.key.name },
    );
    return this.reply(asking, opened);
  }

  async list(asking: Asking, { query }: InputOf<Routes['listDisputes']>) {
    const context = await this.partners.narrowed(asking, query.partner);
    if (!context.ok) return context;
    const found = await this.book.list(context.value.partnerId, query.limit + 1, query.after, query.state);
    const items = await Promise.all(found.slice(0, query.limit).map((dispute) => this.view(asking, dispute)));
    const last = items.at(-1);
    return ok(found.length > query.limit && last ? { items, next: last.id } : { items });
  }

  async show(asking: Asking, { params }: InputOf<Routes['showDispute']>): Promise<Reply<DisputeView>> {
    const found = await this.book.find(asking.context.partnerId, params.dispute);
    return found ? ok(await this.view(asking, found)) : err({ code: 'dispute_not_found' });
  }

  async comment(asking: Asking, { params, body }: InputOf<Routes['commentDispute']>): Promise<Reply<DisputeView>> {
    const { partnerId } = asking.context;
    return this.reply(asking, await this.ledger.comment(partnerId, params.dispute, speakerOf(asking), body.text));
  }

  async withdraw(asking: Asking, { params }: InputOf<Routes['withdrawDispute']>): Promise<Reply<DisputeView>> {
    return this.reply(asking, await this.ledger.withdraw(asking.context.partnerId, params.dispute));
  }

  async resolve(asking: Asking, { params, body }: InputOf<Routes['resolveDispute']>): Promise<Reply<DisputeView>> {
    const { outcome, netMinor, text } = body;
    const resolution =
      outcome === 'rejected' || netMinor === undefined ? { outcome } : { outcome, net: BigInt(netMinor) };
    return this.reply(asking, await this.ledger.resolve(params.dispute, resolution, speakerOf(asking), text));
  }

  private async reply(asking: Asking, answer: Result<Dispute, BillingError>): Promise<Reply<DisputeView>> {
    return answer.ok ? ok(await this.view(asking, answer.value)) : err(refusedByBilling(answer.error));
  }

  private async view(asking: Asking, dispute: Dispute): Promise<DisputeView> {
    const { partnerId, position, net, gross, openedAt, resolvedAt, comments, ...rest } = dispute;
    return {
      ...rest,
      partner: await this.partners.slugOf(asking, partnerId),
      line: position,
      netMinor: Number(net),
      grossMinor: Number(gross),
      openedAt: openedAt.toISOString(),
      resolvedAt: resolvedAt?.toISOString() ?? null,
      comments: comments.map(({ at, ...comment }) => ({ ...comment, at: at.toISOString() })),
    };
  }
}

const speakerOf = ({ key, context }: Asking): Speaker => ({
  side: context.partnerId === undefined ? 'support' : 'partner',
  author: key.name,
});
