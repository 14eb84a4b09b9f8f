import type { Ratio, TaxTreatment } from '#billing/rating';

/** Patterns of VAT identification numbers, without the country's prefix (European Commission, VIES FAQ Q11). */
const VAT_NUMBER: Readonly<Record<string, RegExp>> = {
  AT: /^U\d{8}$/,
  BE: /^[01]\d{9}$/,
  BG: /^\d{9,10}$/,
  CY: /^\d{8}[A-Z]$/,
  CZ: /^\d{8,10}$/,
  DE: /^\d{9}$/,
  DK: /^\d{8}$/,
  EE: /^\d{9}$/,
  ES: /^([A-Z]\d{7}[A-Z0-9]|\d{8}[A-Z])$/,
  FI: /^\d{8}$/,
  FR: /^[A-HJ-NP-Z0-9]{2}\d{9}$/,
  GR: /^\d{9}$/,
  HR: /^\d{11}$/,
  HU: /^\d{8}$/,
  IE: /^(\d[A-Z0-9+*]\d{5}[A-Z]|\d{7}[A-Z]{1,2})$/,
  IT: /^\d{11}$/,
  LT: /^(\d{9}|\d{12})$/,
  LU: /^\d{8}$/,
  LV: /^\d{11}$/,
  MT: /^\d{8}$/,
  NL: /^[A-Z0-9+*]{10}\d{2}$/,
  PL: /^\d{10}$/,
  PT: /^\d{9}$/,
  RO: /^\d{2,10}$/,
  SE: /^\d{12}$/,
  SI: /^\d{8}$/,
  SK: /^\d{10}$/,
};

/** Whether a country is in the European Union's VAT area. */
export const isEuropeanUnion = (country: string): boolean => country in VAT_NUMBER;

/** Whether `vatId` has the form its country gives out. Greece's prefix is EL. It says nothing of whether it is in use. */
export function isVatId(vatId: string, country: string): boolean {
  const text = vatId.replace(/[\s.-]/g, '').toUpperCase();
  const prefix = country === 'GR' ? 'EL' : country;
  return text.startsWith(prefix) && (VAT_NUMBER[country]?.test(text.slice(2)) ?? false);
}

export interface TaxParties {
  readonly sellerCountry: string | null;
  readonly customerCountry: string | null;
  readonly customerVatId: string | null;
  readonly override: 'reverseCharge' | 'exempt' | null;
  readonly overrideReason: string | null;
  /** Percent by tax class in force in a country; `undefined` when none is known. */
  rates(country: string): ReadonlyMap<string, Ratio> | undefined;
}

/**
 * Where and how a service sold to a partner is taxed: at home by the seller's rates; to a business in another member
 * state by reverse charge (Directive 2006/112/EC art. 44, 196); to others there by the customer's rates (art. 58); to the
 * rest of the world not at all. Throws `RangeError` when a rate is missing: the invoice fails and says so.
 */
export function taxTreatment(parties: TaxParties): TaxTreatment {
  const { sellerCountry: seller, customerCountry, customerVatId, override, overrideReason } = parties;
  if (override === 'reverseCharge') return { kind: 'reverseCharge' };
  if (override === 'exempt') return { kind: 'outsideScope', reason: overrideReason ?? 'Exempt from VAT.' };
  if (seller === null) return { kind: 'outsideScope', reason: 'No VAT: the seller has not set up taxes.' };
  const customer = customerCountry ?? seller;
  if (customer === seller) return rated(parties, seller);
  if (!isEuropeanUnion(seller) || !isEuropeanUnion(customer))
    return { kind: 'outsideScope', reason: 'Service supplied abroad: outside the scope of VAT.' };
  if (customerVatId !== null && isVatId(customerVatId, customer)) return { kind: 'reverseCharge' };
  return rated(parties, customer);
}

function rated({ rates }: TaxParties, country: string): TaxTreatment {
  const percents = rates(country);
  if (!percents) throw new RangeError(`no tax rate is known for ${country}`);
  return { kind: 'rates', percents };
}
