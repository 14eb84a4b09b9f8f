import {
  creditNoteDocument,
  crossIndustryInvoice,
  type InvoiceRecord,
  invoiceCsv,
  invoiceDocument,
  renderHtml,
  renderPdf,
  ublCreditNote,
  ublInvoice,
  xrechnungGaps,
} from '#billing/invoice';
import type { Database } from '#database';
import { type Clock, present } from '#stdx';
import { creditNoteRecord } from './credit-note-book.ts';
import { InvoiceBook } from './invoice-book.ts';

export interface InvoiceFile {
  readonly name: string;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

export type FileFormat = 'pdf' | 'xml' | 'html' | 'csv';

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
    const { number } = record;
    switch (format) {
      case 'pdf':
        return pdf(number, await renderPdf(invoiceDocument(record), crossIndustryInvoice(record)));
      case 'xml':
        return xml(number, electronicInvoice(record));
      case 'html':
        return written(`${number}.html`, 'text/html; charset=utf-8', renderHtml(invoiceDocument(record)));
      case 'csv':
        return written(`${number}.csv`, 'text/csv; charset=utf-8', invoiceCsv(record));
    }
  }

  private async ofCreditNote({ id }: FileSubject, format: FileFormat): Promise<InvoiceFile | undefined> {
    const record = await this.database.transaction((client) => creditNoteRecord(client, id));
    const note = present(record, 'credit note');
    switch (format) {
      case 'pdf':
        return pdf(note.number, await renderPdf(creditNoteDocument(note)));
      case 'xml':
        return xml(note.number, ublCreditNote(note));
      case 'html':
        return written(`${note.number}.html`, 'text/html; charset=utf-8', renderHtml(creditNoteDocument(note)));
      case 'csv':
        return undefined;
    }
  }
}

/** In the form the partner asked for. XRechnung that lacks what it demands is given as plain UBL. */
function electronicInvoice(record: InvoiceRecord): string | undefined {
  const { format = 'cii' } = record.electronic ?? {};
  if (format === 'cii') return crossIndustryInvoice(record);
  return ublInvoice(record, format === 'xrechnung' && xrechnungGaps(record).length === 0 ? 'xrechnung' : 'ubl');
}

const written = (name: string, mediaType: string, text: string): InvoiceFile => ({
  name,
  mediaType,
  bytes: Buffer.from(text),
});

const xml = (number: string, text: string | undefined): InvoiceFile | undefined =>
  text === undefined ? undefined : written(`${number}.xml`, 'application/xml', text);

const pdf = (number: string, bytes: Buffer): InvoiceFile => ({
  name: `${number}.pdf`,
  mediaType: 'application/pdf',
  bytes,
});
