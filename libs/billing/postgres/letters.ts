import type { InvoiceEvent, OutgoingMail } from '#billing/api';
import { type KeptWithInvoice, type LetterFacts, letterOf } from '#billing/invoice';
import type { Database } from '#database';
import { present } from '#stdx';
import { SUSPENSION_STEP } from './dunning-steps.ts';
import type { FileSubject, InvoiceFiles } from './invoice-files.ts';
import { isNotice, NoticeLetters } from './notice-letters.ts';
import { suspensionAllowed } from './suspension.ts';

/** Writes the letters of events, with their documents. */
export class InvoiceLetters {
  private readonly notices: NoticeLetters;

  constructor(
    private readonly database: Database,
    private readonly files: InvoiceFiles,
  ) {
    this.notices = new NoticeLetters(database);
  }

  /** The mail of an event; a text says why there is none. */
  async mail(partnerId: string, event: InvoiceEvent, name: string): Promise<OutgoingMail | string> {
    const subject = subjectOf(partnerId, event);
    if (!subject) return this.notices.mail(partnerId, event, name);
    const [profile] = await this.database.query<{ email: string | null }>(
      'SELECT email FROM billing_profile WHERE partner_id = $1',
      [partnerId],
    );
    if (!profile?.email) return 'the billing profile has no e-mail address';
    const letter = letterOf(event, await this.facts(partnerId, event));
    if (!letter) return `nobody is written to about ${event.type}`;
    const file = await this.files.file(subject, 'pdf');
    const attaches = event.type !== 'partner.restored' && file !== undefined;
    return { name, to: profile.email, ...letter, attachments: attaches ? [file] : [] };
  }

  private async facts(partnerId: string, event: InvoiceEvent): Promise<LetterFacts> {
    const noteId = event.type === 'creditNote.issued' ? event.creditNoteId : null;
    const [row] = await this.database.query<{
      number: string;
      note_number: string | null;
      note_total: string | null;
      month: string;
      currency: string;
      total_minor: string;
      due_minor: string;
      due_at: Date;
      document: KeptWithInvoice;
      has_method: boolean;
    }>(
      `SELECT invoice.number, note.number AS note_number, note.total_minor AS note_total, month, currency, invoice.total_minor,
         due_minor, invoice.due_at, document,
         EXISTS (SELECT FROM payment_method method WHERE method.partner_id = invoice.partner_id AND is_default) AS has_method
       FROM invoice JOIN invoice_settlement settlement ON settlement.invoice_id = invoice.id
       LEFT JOIN credit_note note ON note.id = $3
       WHERE invoice.partner_id = $1 AND invoice.id = coalesce($2::uuid, note.invoice_id)`,
      [partnerId, 'invoiceId' in event ? event.invoiceId : null, noteId],
    );
    const found = present(row, 'the invoice of an event');
    const dueAt = found.due_at.getTime();
    const mayEnd = await this.database.transaction((client) => suspensionAllowed(client, partnerId));
    return {
      seller: found.document.seller.name,
      customer: found.document.customer.name,
      zone: found.document.zone,
      number: found.note_number ?? found.number,
      month: found.month,
      currency: found.currency,
      total: BigInt(found.note_total ?? found.total_minor),
      due: BigInt(found.due_minor),
      dueAt,
      isCharged: found.has_method,
      suspensionAt: mayEnd ? dueAt + SUSPENSION_STEP * 86_400_000 : null,
    };
  }
}

/** Whose document an event is about; `undefined` for those that have none. */
export function subjectOf(partnerId: string, event: InvoiceEvent): FileSubject | undefined {
  if (isNotice(event)) return undefined;
  return event.type === 'creditNote.issued'
    ? { kind: 'creditNote', id: event.creditNoteId, partnerId }
    : { kind: 'invoice', id: event.invoiceId, partnerId };
}
