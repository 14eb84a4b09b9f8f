import { formatDecimal, formatMinor, isoDay, localDay, minorDigits } from '#billing/rating';
import type { InvoiceLine } from './compose.ts';
import type { InvoiceRecord, InvoiceTax, LegalParty } from './invoice-record.ts';
import { EXEMPTION_CODE, unitCode } from './ubl-parts.ts';
import { element } from './xml.ts';

/** The profile of Factur-X 1.07 / ZUGFeRD 2.3 that says what the European norm EN 16931 says. */
export const FACTUR_X_PROFILE = 'urn:cen.eu:en16931:2017';

/**
 * An invoice as UN/CEFACT Cross Industry Invoice D16B in the EN 16931 profile, or `undefined` when the norm's mandatory
 * facts are missing: both countries (BR-9, BR-11), and a VAT number to charge or shift VAT (BR-S-02, BR-AE-02, BR-AE-03).
 */
export function crossIndustryInvoice(record: InvoiceRecord): string | undefined {
  if (!isComplete(record)) return undefined;
  const { currency, net, tax, total } = record;
  const wallet = BigInt(record.wallet);
  const parties = partiesOnIt(record);
  const money = (minor: bigint): string => formatMinor(minor, currency);
  const document = element('rsm:CrossIndustryInvoice', NAMESPACES, [
    element('rsm:ExchangedDocumentContext', [
      element('ram:GuidelineSpecifiedDocumentContextParameter', [element('ram:ID', FACTUR_X_PROFILE)]),
    ]),
    element('rsm:ExchangedDocument', [
      element('ram:ID', record.number),
      // UNTDID 1001: commercial invoice.
      element('ram:TypeCode', '380'),
      element('ram:IssueDateTime', [dateOf(record.issuedAt, record.zone)]),
    ]),
    element('rsm:SupplyChainTradeTransaction', [
      ...record.lines.map((line, index) => lineItem(line, index, record)),
      element('ram:ApplicableHeaderTradeAgreement', [
        party('ram:SellerTradeParty', parties.seller),
        party('ram:BuyerTradeParty', parties.customer),
      ]),
      element('ram:ApplicableHeaderTradeDelivery', []),
      element('ram:ApplicableHeaderTradeSettlement', [
        element('ram:InvoiceCurrencyCode', currency),
        ...record.taxes.map((line) => taxBreakdown(line, money)),
        element('ram:BillingSpecifiedPeriod', [
          element('ram:StartDateTime', [dateOf(record.periodStart, record.zone)]),
          element('ram:EndDateTime', [dateOf(record.periodEnd - 1, record.zone)]),
        ]),
        element('ram:SpecifiedTradePaymentTerms', [
          element('ram:DueDateDateTime', [dateOf(record.dueAt, record.zone)]),
        ]),
        element('ram:SpecifiedTradeSettlementHeaderMonetarySummation', [
          element('ram:LineTotalAmount', money(net)),
          element('ram:TaxBasisTotalAmount', money(net)),
          element('ram:TaxTotalAmount', { currencyID: currency }, money(tax)),
          element('ram:GrandTotalAmount', money(total)),
          element('ram:TotalPrepaidAmount', money(wallet)),
          element('ram:DuePayableAmount', money(total - wallet)),
        ]),
      ]),
    ]),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${document}\n`;
}

const NAMESPACES = {
  'xmlns:rsm': 'urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100',
  'xmlns:ram': 'urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100',
  'xmlns:udt': 'urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100',
};

/** What decides whether a document can be said in the norm's terms. */
export type Electronic = Pick<InvoiceRecord, 'seller' | 'customer' | 'currency'> & {
  readonly taxes: readonly Pick<InvoiceTax, 'category'>[];
};

/** BR-O-02: what is outside the scope of VAT names no VAT number as one; BR-CO-26: the seller has some identifier all the same. */
export function partiesOnIt({ seller, customer, taxes }: Electronic): { seller: LegalParty; customer: LegalParty } {
  if (!taxes.some(({ category }) => category === 'O')) return { seller, customer };
  const identifier = seller.vatId ?? seller.email ?? seller.name;
  return { seller: { ...seller, vatId: null, identifier }, customer: { ...customer, vatId: null } };
}

/** Whether the norm's mandatory facts are there. */
export function isComplete({ seller, customer, taxes, currency }: Electronic): boolean {
  // BR-DEC-09 and its like: the norm knows hundredths at most, so a dinar's thousandths cannot be said in it.
  if (minorDigits(currency) > 2) return false;
  if (seller.country === null || customer.country === null) return false;
  const charges = taxes.some(({ category }) => category !== 'O');
  if (charges && seller.vatId === null) return false;
  return !taxes.some(({ category }) => category === 'AE') || customer.vatId !== null;
}

/** The price is the line's amount for its whole quantity (price base quantity, BT-149), so that it multiplies out exactly. */
function lineItem(line: InvoiceLine, index: number, record: InvoiceRecord): string {
  const { currency } = record;
  const tax = record.taxes.find(({ taxClass }) => taxClass === line.taxClass);
  const negative = line.minor < 0n;
  const quantity = `${negative ? '-' : ''}${line.quantity}`;
  const unit = { unitCode: unitCode(line.unit) };
  return element('ram:IncludedSupplyChainTradeLineItem', [
    element('ram:AssociatedDocumentLineDocument', [element('ram:LineID', String(index + 1))]),
    element('ram:SpecifiedTradeProduct', [element('ram:Name', line.description)]),
    element('ram:SpecifiedLineTradeAgreement', [
      element('ram:NetPriceProductTradePrice', [
        element('ram:ChargeAmount', formatMinor(negative ? -line.minor : line.minor, currency)),
        element('ram:BasisQuantity', unit, line.quantity),
      ]),
    ]),
    element('ram:SpecifiedLineTradeDelivery', [element('ram:BilledQuantity', unit, quantity)]),
    element('ram:SpecifiedLineTradeSettlement', [
      element('ram:ApplicableTradeTax', [
        element('ram:TypeCode', 'VAT'),
        element('ram:CategoryCode', tax?.category ?? 'O'),
        // BR-O-05: what is outside the scope names no rate.
        ...(tax && tax.category !== 'O' ? [element('ram:RateApplicablePercent', formatDecimal(tax.percent, 3))] : []),
      ]),
      ...(line.discount === 0n
        ? []
        : [
            element('ram:SpecifiedTradeAllowanceCharge', [
              element('ram:ChargeIndicator', [element('udt:Indicator', 'false')]),
              element('ram:ActualAmount', formatMinor(line.discount, currency)),
              element('ram:Reason', 'Discount'),
            ]),
          ]),
      element('ram:SpecifiedTradeSettlementLineMonetarySummation', [
        element('ram:LineTotalAmount', formatMinor(line.minor - line.discount, currency)),
      ]),
    ]),
  ]);
}

function taxBreakdown({ category, percent, net, tax, note }: InvoiceTax, money: (minor: bigint) => string): string {
  const code = EXEMPTION_CODE[category];
  return element('ram:ApplicableTradeTax', [
    element('ram:CalculatedAmount', money(tax)),
    element('ram:TypeCode', 'VAT'),
    ...(note ? [element('ram:ExemptionReason', note)] : []),
    element('ram:BasisAmount', money(net)),
    element('ram:CategoryCode', category),
    ...(code ? [element('ram:ExemptionReasonCode', code)] : []),
    ...(category === 'O' ? [] : [element('ram:RateApplicablePercent', formatDecimal(percent, 3))]),
  ]);
}

function party(name: string, { name: legalName, address, country, vatId, identifier }: LegalParty): string {
  const lines = ['ram:LineOne', 'ram:LineTwo', 'ram:LineThree'] as const;
  return element(name, [
    ...(identifier ? [element('ram:ID', identifier)] : []),
    element('ram:Name', legalName),
    element('ram:PostalTradeAddress', [
      ...address.slice(0, lines.length).map((line, index) => element(lines[index]!, line)),
      element('ram:CountryID', country ?? ''),
    ]),
    ...(vatId ? [element('ram:SpecifiedTaxRegistration', [element('ram:ID', { schemeID: 'VA' }, vatId)])] : []),
  ]);
}

/** Format 102 of UNTDID 2379: YYYYMMDD, the local date. */
const dateOf = (instant: number, zone: string): string =>
  element('udt:DateTimeString', { format: '102' }, isoDay(localDay(instant, zone)).replaceAll('-', ''));
