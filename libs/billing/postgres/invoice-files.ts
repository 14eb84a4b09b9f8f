import { creditNoteDocument, crossIndustryInvoice, invoiceDocument, renderPdf } from '#billing/invoice';
import type { Database } from '#database';
import { type Clock, present } from '#stdx';
import { creditNoteRecord } from './credit-note-book.ts';
import { InvoiceBook } from './invoice-book.ts';

export interface InvoiceFile {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export type FileFormat = 'pdf' | 'xml';

/** What a file is made of. */
export interface FileSubject {
  readonly kind: 'invoice' | 'creditNote';
  readonly id: string;
  readonly partnerId: string;
}

/** Documents of invoices and credit notes: made once, kept as they were first given out. */
export class InvoiceFiles {
  private readonly book: InvoiceBook;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {
    this.book = new InvoiceBook(database);
  }

  /** The file as it is kept, made now if it was not yet; `undefined` where the document has no such form. */
  async file(subject: FileSubject, format: FileFormat): Promise<InvoiceFile | undefined> {
    const kept = await this.kept(subject, format);
    if (kept) return kept;
    const made = await this.make(subject, format);
    if (!made) return undefined;
    await this.database.query(
      `INSERT INTO invoice_file (subject_id, format, partner_id, name, media_type, bytes, made_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
      [subject.id, format, subject.partnerId, made.name, made.mediaType, made.bytes, new Date(this.clock.now())],
    );
    // Another may have been first; then its bytes count.
    return present(await this.kept(subject, format), 'the file just made');
  }

  private async kept({ id, partnerId }: FileSubject, format: FileFormat): Promise<InvoiceFile | undefined> {
    const [row] = await this.database.query<{ name: string; media_type: string; bytes: Buffer }>(
      'SELECT name, media_type, bytes FROM invoice_file WHERE subject_id = $1 AND format = $2 AND partner_id = $3',
      [id, format, partnerId],
    );
    return row && { name: row.name, mediaType: row.media_type, bytes: row.bytes };
  }

  private make(subject: FileSubject, format: FileFormat): Promise<InvoiceFile | undefined> {
    return subject.kind === 'invoice' ? this.ofInvoice(subject, format) : this.ofCreditNote(subject, format);
  }

  private async ofInvoice({ id, partnerId }: FileSubject, format: FileFormat): Promise<InvoiceFile | undefined> {
    const record = present(await this.book.record(partnerId, id), 'final invoice');
    const xml = crossIndustryInvoice(record);
    if (format === 'pdf') return pdf(record.number, await renderPdf(invoiceDocument(record), xml));
    return xml === undefined
      ? undefined
      : { name: `${record.number}.xml`, mediaType: 'application/xml', bytes: Buffer.from(xml) };
  }

  private async ofCreditNote({ id }: FileSubject, format: FileFormat): Promise<InvoiceFile | undefined> {
    if (format !== 'pdf') return undefined;
    const record = await this.database.transaction((client) => creditNoteRecord(client, id));
    const note = present(record, 'credit note');
    return pdf(note.number, await renderPdf(creditNoteDocument(note)));
  }
}

const pdf = (number: string, bytes: Buffer): InvoiceFile => ({
  name: `${number}.pdf`,
  mediaType: 'application/pdf',
  bytes,
});
