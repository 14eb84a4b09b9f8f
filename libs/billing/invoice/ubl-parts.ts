import { formatDecimal, formatMinor, isoDay, localDay, type Ratio, type TaxCategory } from '#billing/rating';
import type { LegalParty } from './invoice-record.ts';
import { element } from './xml.ts';

export const NAMESPACES = (root: 'Invoice' | 'CreditNote') => ({
  xmlns: `urn:oasis:names:specification:ubl:schema:xsd:${root}-2`,
  'xmlns:cac': 'urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2',
  'xmlns:cbc': 'urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2',
});

/** Units of UN/ECE recommendation 20: hours have a code of their own, the rest counts as pieces. */
export const unitCode = (unit: string): string => (unit === 'hour' ? 'HUR' : 'C62');

/** Why no tax is charged, as VATEX codes (EN 16931 BT-121). */
export const EXEMPTION_CODE: Readonly<Record<string, string>> = { AE: 'VATEX-EU-AE', O: 'VATEX-EU-O' };

/** Local date, `2026-02-02`. */
export const dateOf = (instant: number, zone: string): string => isoDay(localDay(instant, zone));

/** An amount with its currency. */
export const amount = (name: string, minor: bigint, currency: string): string =>
  element(name, { currencyID: currency }, formatMinor(minor, currency));

/** A line's last address line as `10115 Berlin`, where it is one. */
export function townOf(address: readonly string[]): { readonly zone: string; readonly city: string } | undefined {
  const [, zone, city] = /^((?:[A-Z]{1,2}-)?[0-9][0-9A-Z -]{2,9}?)\s+(\D.*)$/.exec(address.at(-1) ?? '') ?? [];
  return zone && city ? { zone, city } : undefined;
}

/** A party in the order UBL 2.1 wants its parts. */
export function party(role: string, legal: LegalParty): string {
  const { name, address, country, vatId, email, contact, identifier } = legal;
  const town = townOf(address);
  const streets = town ? address.slice(0, -1) : address;
  const lines = ['cbc:StreetName', 'cbc:AdditionalStreetName'] as const;
  return element(role, [
    element('cac:Party', [
      // EM: an e-mail address (Electronic Address Scheme code list).
      ...(email ? [element('cbc:EndpointID', { schemeID: 'EM' }, email)] : []),
      ...(identifier ? [element('cac:PartyIdentification', [element('cbc:ID', identifier)])] : []),
      element('cac:PostalAddress', [
        ...streets.slice(0, lines.length).map((line, index) => element(lines[index]!, line)),
        ...(town ? [element('cbc:CityName', town.city), element('cbc:PostalZone', town.zone)] : []),
        element('cac:Country', [element('cbc:IdentificationCode', country ?? '')]),
      ]),
      ...(vatId
        ? [
            element('cac:PartyTaxScheme', [
              element('cbc:CompanyID', vatId),
              element('cac:TaxScheme', [element('cbc:ID', 'VAT')]),
            ]),
          ]
        : []),
      element('cac:PartyLegalEntity', [element('cbc:RegistrationName', name)]),
      ...(contact
        ? [
            element('cac:Contact', [
              element('cbc:Name', contact.name),
              element('cbc:Telephone', contact.phone),
              element('cbc:ElectronicMail', contact.email),
            ]),
          ]
        : []),
    ]),
  ]);
}

/** The tax a line or a total is under. BR-O-05: what is outside the scope names no rate. */
export function taxCategory(name: string, category: TaxCategory, percent: Ratio, note: string | null): string {
  const code = EXEMPTION_CODE[category];
  return element(name, [
    element('cbc:ID', category),
    ...(category === 'O' ? [] : [element('cbc:Percent', formatDecimal(percent, 3))]),
    ...(name === 'cac:TaxCategory' && code ? [element('cbc:TaxExemptionReasonCode', code)] : []),
    ...(name === 'cac:TaxCategory' && note ? [element('cbc:TaxExemptionReason', note)] : []),
    element('cac:TaxScheme', [element('cbc:ID', 'VAT')]),
  ]);
}
