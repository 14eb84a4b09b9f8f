import { formatMinor } from '#billing/rating';
import { isComplete, partiesOnIt } from './cii.ts';
import type { InvoiceLine } from './compose.ts';
import type { InvoiceRecord } from './invoice-record.ts';
import { amount, dateOf, NAMESPACES, party, taxCategory, townOf, unitCode } from './ubl-parts.ts';
import { element } from './xml.ts';

/** EN 16931 alone, or with the rules German authorities add (XRechnung 3.0). */
const CUSTOMIZATION = {
  ubl: 'urn:cen.eu:en16931:2017',
  xrechnung: 'urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0',
} as const;

/** What XRechnung asks for besides the norm and this invoice does not have; empty when it is complete. */
export function xrechnungGaps({ seller, customer, electronic, taxes }: InvoiceRecord): string[] {
  const gaps: [boolean, string][] = [
    [!electronic?.buyerReference, 'a buyer reference (BR-DE-15)'],
    [!seller.iban, 'the seller’s IBAN (BR-DE-1)'],
    [!seller.contact, 'the seller’s contact with phone and e-mail (BR-DE-2)'],
    [!townOf(seller.address), 'the seller’s postcode and city as last address line (BR-DE-3, BR-DE-4)'],
    [!townOf(customer.address), 'the buyer’s postcode and city as last address line (BR-DE-8, BR-DE-9)'],
    [
      taxes.some(({ category }) => category === 'O'),
      'a VAT rate, which what is outside the scope of VAT has not (BR-DE-14)',
    ],
    [!seller.email || !customer.email, 'electronic addresses of both sides (PEPPOL-EN16931-R010, R020)'],
  ];
  return gaps.flatMap(([isMissing, what]) => (isMissing ? [what] : []));
}

/** An invoice as UBL 2.1 in the EN 16931 syntax binding, or `undefined` when the norm’s mandatory facts are missing. */
export function ublInvoice(record: InvoiceRecord, customization: keyof typeof CUSTOMIZATION): string | undefined {
  if (!isComplete(record)) return undefined;
  const { currency, zone, net, tax, total, electronic } = record;
  const { seller, customer } = partiesOnIt(record);
  const wallet = BigInt(record.wallet);
  const document = element('Invoice', NAMESPACES('Invoice'), [
    element('cbc:CustomizationID', CUSTOMIZATION[customization]),
    element('cbc:ProfileID', 'urn:fdc:peppol.eu:2017:poacc:billing:01:1.0'),
    element('cbc:ID', record.number),
    element('cbc:IssueDate', dateOf(record.issuedAt, zone)),
    element('cbc:DueDate', dateOf(record.dueAt, zone)),
    // UNTDID 1001: commercial invoice.
    element('cbc:InvoiceTypeCode', '380'),
    element('cbc:DocumentCurrencyCode', currency),
    ...(electronic?.buyerReference ? [element('cbc:BuyerReference', electronic.buyerReference)] : []),
    element('cac:InvoicePeriod', [
      element('cbc:StartDate', dateOf(record.periodStart, zone)),
      element('cbc:EndDate', dateOf(record.periodEnd - 1, zone)),
    ]),
    party('cac:AccountingSupplierParty', seller),
    party('cac:AccountingCustomerParty', customer),
    ...(seller.iban
      ? [
          element('cac:PaymentMeans', [
            // UNTDID 4461: SEPA credit transfer.
            element('cbc:PaymentMeansCode', '58'),
            element('cbc:PaymentID', record.number),
            element('cac:PayeeFinancialAccount', [element('cbc:ID', seller.iban.replaceAll(' ', ''))]),
          ]),
        ]
      : []),
    element('cac:TaxTotal', [
      amount('cbc:TaxAmount', tax, currency),
      ...record.taxes.map((line) =>
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
      amount('cbc:PrepaidAmount', wallet, currency),
      amount('cbc:PayableAmount', total - wallet, currency),
    ]),
    ...record.lines.map((line, index) => invoiceLine(line, index, record)),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`;
}

/** The price is the line's amount for its whole quantity (price base quantity, BT-149), so that it multiplies out exactly. */
function invoiceLine(line: InvoiceLine, index: number, { currency, taxes }: InvoiceRecord): string {
  const tax = taxes.find(({ taxClass }) => taxClass === line.taxClass);
  const isNegative = line.minor < 0n;
  const unit = { unitCode: unitCode(line.unit) };
  return element('cac:InvoiceLine', [
    element('cbc:ID', String(index + 1)),
    element('cbc:InvoicedQuantity', unit, `${isNegative ? '-' : ''}${line.quantity}`),
    amount('cbc:LineExtensionAmount', line.minor - line.discount, currency),
    ...(line.discount === 0n
      ? []
      : [
          element('cac:AllowanceCharge', [
            element('cbc:ChargeIndicator', 'false'),
            element('cbc:AllowanceChargeReason', 'Discount'),
            amount('cbc:Amount', line.discount, currency),
          ]),
        ]),
    element('cac:Item', [
      element('cbc:Name', line.description),
      ...(tax
        ? [taxCategory('cac:ClassifiedTaxCategory', tax.category, tax.percent, null)]
        : [taxCategory('cac:ClassifiedTaxCategory', 'O', { num: 0n, den: 1n }, null)]),
    ]),
    element('cac:Price', [
      element(
        'cbc:PriceAmount',
        { currencyID: currency },
        formatMinor(isNegative ? -line.minor : line.minor, currency),
      ),
      element('cbc:BaseQuantity', unit, line.quantity),
    ]),
  ]);
}
