import type { CreditNoteWithLines, InputOf, ROUTES, Statement } from '#api-schema';
import {
  type CreditNoteRecord,
  renderHtml,
  renderPdf,
  type StatementRecord,
  statementCsv,
  statementDocument,
} from '#billing/invoice';
import type { CreditNotes, InvoiceFile, InvoiceFiles, Statements } from '#billing/postgres';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

/** Credit notes and statements, as data and as documents. */
export class Documents {
  constructor(
    private readonly partners: PartnerNames,
    private readonly notes: CreditNotes,
    private readonly files: InvoiceFiles,
    private readonly statements: Statements,
  ) {}

  async listCreditNotes(asking: Asking, { params, query }: InputOf<Routes['listCreditNotes']>) {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const found = await this.notes.list(partner.value, query.limit + 1, query.after);
    const items = found.slice(0, query.limit).map(({ net, tax, total, issuedAt, ...note }) => ({
      ...note,
      netMinor: Number(net),
      taxMinor: Number(tax),
      totalMinor: Number(total),
      issuedAt: issuedAt.toISOString(),
    }));
    const last = items.at(-1);
    return ok(found.length > query.limit && last ? { items, next: last.number } : { items });
  }

  async creditNote(
    asking: Asking,
    { params, query: { format = 'json' } }: InputOf<Routes['showCreditNote']>,
  ): Promise<Reply<CreditNoteWithLines | InvoiceFile>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const record = await this.notes.record(partner.value, params.creditNote);
    if (!record) return err({ code: 'credit_note_not_found' });
    if (format === 'json') return ok(noteView(record));
    const file = await this.files.file({ kind: 'creditNote', id: record.id, partnerId: partner.value }, format);
    return file
      ? ok(file)
      : err({
          code: 'conflict',
          detail: 'an electronic credit note needs the countries and VAT numbers of both sides',
        });
  }

  async statement(
    asking: Asking,
    { params, query }: InputOf<Routes['showStatement']>,
  ): Promise<Reply<Statement | InvoiceFile>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const { from, to = from, currency, format = 'json' } = query;
    if (to < from)
      return err({ code: 'invalid_value', errors: [{ field: 'to', reason: 'it is before the first month' }] });
    const record = await this.statements.statement(partner.value, from, to, currency);
    const slug = await this.partners.slugOf(asking, partner.value);
    const name = `${slug}-${from}${to === from ? '' : `-${to}`}-statement`;
    switch (format) {
      case 'json':
        return ok(statementView(slug, record));
      case 'pdf':
        return ok({
          name: `${name}.pdf`,
          mediaType: 'application/pdf',
          bytes: await renderPdf(statementDocument(record)),
        });
      case 'html':
        return ok(text(`${name}.html`, 'text/html; charset=utf-8', renderHtml(statementDocument(record))));
      case 'csv':
        return ok(text(`${name}.csv`, 'text/csv; charset=utf-8', statementCsv(record)));
    }
  }
}

const text = (name: string, mediaType: string, content: string): InvoiceFile => ({
  name,
  mediaType,
  bytes: Buffer.from(content),
});

const noteView = (record: CreditNoteRecord): CreditNoteWithLines => ({
  id: record.id,
  number: record.number,
  invoiceNumber: record.invoiceNumber,
  reason: record.reason,
  currency: record.currency,
  netMinor: Number(record.net),
  taxMinor: Number(record.tax),
  totalMinor: Number(record.total),
  issuedAt: new Date(record.issuedAt).toISOString(),
  lines: record.lines.map(({ serviceMonth, description, net }) => ({
    serviceMonth,
    description,
    netMinor: Number(net),
  })),
});

const statementView = (partner: string, record: StatementRecord): Statement => ({
  partner,
  currency: record.currency,
  from: new Date(record.from).toISOString(),
  to: new Date(record.to).toISOString(),
  openingMinor: Number(record.opening),
  closingMinor: Number(record.closing),
  entries: record.entries.map(({ at, kind, reference, minor, balance }) => ({
    at: new Date(at).toISOString(),
    kind,
    reference,
    amountMinor: Number(minor),
    balanceMinor: Number(balance),
  })),
});
