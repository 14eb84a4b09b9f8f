import { decimal, formatMinor } from '#billing/rating';
import { isComplete, partiesOnIt } from './cii.ts';
import type { CreditNoteLine, CreditNoteRecord } from './credit-note.ts';
import { amount, dateOf, NAMESPACES, party, taxCategory } from './ubl-parts.ts';
import { element } from './xml.ts';

/** A credit note as UBL 2.1 (EN 16931), or `undefined` when the norm's mandatory facts are missing. */
export function ublCreditNote(record: CreditNoteRecord): string | undefined {
  if (!isComplete(record)) return undefined;
  const { currency, zone, net, tax, total, taxes } = record;
  const { seller, customer } = partiesOnIt(record);
  const document = element('CreditNote', NAMESPACES('CreditNote'), [
    element('cbc:CustomizationID', 'urn:cen.eu:en16931:2017'),
    element('cbc:ProfileID', 'urn:fdc:peppol.eu:2017:poacc:billing:01:1.0'),
    element('cbc:ID', record.number),
    element('cbc:IssueDate', dateOf(record.issuedAt, zone)),
    // UNTDID 1001: credit note.
    element('cbc:CreditNoteTypeCode', '381'),
    element('cbc:Note', record.reason),
    element('cbc:DocumentCurrencyCode', currency),
    element('cac:BillingReference', [
      element('cac:InvoiceDocumentReference', [
        element('cbc:ID', record.invoiceNumber),
        element('cbc:IssueDate', dateOf(record.invoiceIssuedAt, zone)),
      ]),
    ]),
    party('cac:AccountingSupplierParty', seller),
    party('cac:AccountingCustomerParty', customer),
    element('cac:TaxTotal', [
      amount('cbc:TaxAmount', tax, currency),
      ...taxes.map((line) =>
        element('cac:TaxSubtotal', [
          amount('cbc:TaxableAmount', line.net, currency),
          amount('cbc:TaxAmount', line.tax, currency),
          taxCategory('cac:TaxCategory', line.category, line.percent, line.note),
        ]),
      ),
    ]),
    element('cac:LegalMonetaryTotal', [
      amount('cbc:LineExtensionAmount', net, currency),
      amount('cbc:TaxExclusiveAmount', net, currency),
      amount('cbc:TaxInclusiveAmount', total, currency),
      amount('cbc:PayableAmount', total, currency),
    ]),
    ...record.lines.map((line, index) => creditNoteLine(line, index, record)),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`;
}

function creditNoteLine(line: CreditNoteLine, index: number, { currency, taxes }: CreditNoteRecord): string {
  const tax = taxes.find(({ taxClass }) => taxClass === line.taxClass);
  const isNegative = line.net < 0n;
  return element('cac:CreditNoteLine', [
    element('cbc:ID', String(index + 1)),
    element('cbc:CreditedQuantity', { unitCode: 'C62' }, isNegative ? '-1' : '1'),
    amount('cbc:LineExtensionAmount', line.net, currency),
    element('cac:Item', [
      element('cbc:Name', `${line.description}, ${line.serviceMonth}`),
      taxCategory('cac:ClassifiedTaxCategory', tax?.category ?? 'O', tax?.percent ?? decimal('0'), null),
    ]),
    element('cac:Price', [
      element('cbc:PriceAmount', { currencyID: currency }, formatMinor(isNegative ? -line.net : line.net, currency)),
    ]),
  ]);
}
