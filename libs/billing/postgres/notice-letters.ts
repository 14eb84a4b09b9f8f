import type { DisputeEvent, InvoiceEvent, OutgoingMail, RefundEvent, SpendEvent } from '#billing/api';
import { disputeLetter, type Letter, type RefundFacts, refundLetter, spendLetter } from '#billing/invoice';
import type { Database } from '#database';
import { present } from '#stdx';

type Notice = DisputeEvent | RefundEvent | SpendEvent;

/** Events that letters without a document are written about. */
export const isNotice = (event: InvoiceEvent): event is Notice => /^(dispute|refund|spend)\./.test(event.type);

interface Sides extends Record<string, unknown> {
  readonly seller: string;
  readonly support: string | null;
  readonly customer: string;
  readonly email: string | null;
}

/** Letters about disputes, refunds and spending: to the partner, or to support when the partner has the word. */
export class NoticeLetters {
  constructor(private readonly database: Database) {}

  /** The mail of an event; a text says why there is none. */
  async mail(partnerId: string, event: InvoiceEvent, name: string): Promise<OutgoingMail | string> {
    if (!isNotice(event)) return `${event.type} is no notice`;
    const sides = await this.sides(partnerId);
    const isToSupport =
      event.type === 'dispute.opened' || (event.type === 'dispute.commented' && event.side === 'partner');
    const to = isToSupport ? sides.support : sides.email;
    if (!to) return isToSupport ? 'the seller has no e-mail address' : 'the billing profile has no e-mail address';
    const letter = await this.letter(event, sides);
    return letter ? { name, to, ...letter, attachments: [] } : `nobody is written to about ${event.type}`;
  }

  private async letter(event: Notice, sides: Sides): Promise<Letter | undefined> {
    if ('disputeId' in event) return disputeLetter(event, { ...sides, ...(await this.dispute(event.disputeId)) });
    if ('refundId' in event) return refundLetter(event, { ...sides, ...(await this.refund(event.refundId)) });
    return spendLetter(event, sides);
  }

  private async sides(partnerId: string): Promise<Sides> {
    const [row] = await this.database.query<Sides>(
      `SELECT seller.name AS seller, seller.email AS support, coalesce(legal_name, partner.name) AS customer, profile.email
       FROM billing_seller seller CROSS JOIN partner LEFT JOIN billing_profile profile ON profile.partner_id = partner.id
       WHERE partner.id = $1`,
      [partnerId],
    );
    return present(row, 'partner');
  }

  private async dispute(id: string) {
    const [row] = await this.database.query<{
      number: string;
      line: string;
      currency: string;
      gross_minor: string;
      text: string;
    }>(
      `SELECT invoice.number, line.description AS line, currency, gross_minor,
         (SELECT text FROM dispute_comment WHERE dispute_id = dispute.id ORDER BY id DESC LIMIT 1) AS text
       FROM dispute JOIN invoice ON invoice.id = dispute.invoice_id
       JOIN invoice_line line ON line.invoice_id = dispute.invoice_id AND line.position = dispute.position
       WHERE dispute.id = $1`,
      [id],
    );
    const { gross_minor, ...rest } = present(row, 'dispute');
    return { ...rest, gross: BigInt(gross_minor) };
  }

  private async refund(id: string): Promise<Omit<RefundFacts, 'seller' | 'customer'>> {
    const [row] = await this.database.query<{
      number: string;
      note_number: string;
      currency: string;
      minor: string;
      method: RefundFacts['method'];
      failure: string | null;
    }>(
      `SELECT invoice.number, note.number AS note_number, refund.currency, refund.minor, method, refund.failure
       FROM refund JOIN invoice ON invoice.id = refund.invoice_id JOIN credit_note note ON note.id = credit_note_id
       WHERE refund.id = $1`,
      [id],
    );
    const { minor, note_number, ...rest } = present(row, 'refund');
    return { ...rest, noteNumber: note_number, minor: BigInt(minor) };
  }
}
