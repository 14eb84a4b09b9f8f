import { unreachable } from '#stdx';
import { apportion } from './apportion.ts';
import { divide, multiply, type Ratio, ratio, round, ZERO } from './ratio.ts';

/** Codes of UNTDID 5305 as EN 16931 uses them: standard, zero, exempt, reverse charge, outside the scope. */
export type TaxCategory = 'S' | 'Z' | 'E' | 'AE' | 'O';

/** How a partner is taxed. */
export type TaxTreatment =
  /** Percent by tax class; a class without a rate is an error of the catalogue. */
  | { readonly kind: 'rates'; readonly percents: ReadonlyMap<string, Ratio> }
  /** The customer accounts for it (Directive 2006/112/EC art. 196). */
  | { readonly kind: 'reverseCharge' }
  | { readonly kind: 'outsideScope'; readonly reason: string };

/** One tax on one class: computed on the summed net, as EN 16931 (BR-CO-17) asks, never line by line. */
export interface TaxLine {
  readonly taxClass: string;
  readonly category: TaxCategory;
  readonly percent: Ratio;
  readonly net: bigint;
  readonly tax: bigint;
  /** Why no tax is charged, where the invoice must say so. */
  readonly note: string | null;
}

export const REVERSE_CHARGE_NOTE = 'Reverse charge: VAT is to be accounted for by the recipient.';

export interface TaxedNet {
  readonly taxClass: string;
  readonly net: bigint;
}

/** Tax lines in order of class, and each net's share of its class's tax by largest remainder. */
export function taxOn(
  nets: readonly TaxedNet[],
  treatment: TaxTreatment,
): { readonly lines: readonly TaxLine[]; readonly allocated: readonly bigint[] } {
  const allocated = nets.map(() => 0n);
  const classes = Map.groupBy(nets.keys(), (index) => nets[index]!.taxClass);
  const lines = [...classes].map(([taxClass, indexes]) => {
    const own = indexes.map((index) => nets[index]!.net);
    const net = own.reduce((a, b) => a + b, 0n);
    const line = taxLine(taxClass, net, treatment);
    const parts = apportion(
      line.tax,
      own.map((amount) => ratio(amount)),
    );
    for (const [position, index] of indexes.entries()) allocated[index] = parts[position]!;
    return line;
  });
  return { lines: lines.sort((a, b) => (a.taxClass < b.taxClass ? -1 : 1)), allocated };
}

/** Tax in minor units on a net in minor units. */
export const taxAmount = (net: bigint, percent: Ratio): bigint =>
  round(multiply(ratio(net), divide(percent, ratio(100))));

/**
 * Tax to give back with a credit of `credit` when `remaining` net is still uncredited: the tax on what remained before
 * less the tax on what remains after. However the credits are cut and ordered, they sum to the invoice's own tax.
 */
export function creditTax(remaining: bigint, credit: bigint, percent: Ratio): bigint {
  return taxAmount(remaining, percent) - taxAmount(remaining - credit, percent);
}

function taxLine(taxClass: string, net: bigint, treatment: TaxTreatment): TaxLine {
  switch (treatment.kind) {
    case 'rates': {
      const percent = treatment.percents.get(taxClass);
      if (!percent) throw new RangeError(`no tax rate for class ${taxClass}`);
      const category = percent.num === 0n ? 'Z' : 'S';
      return { taxClass, category, percent, net, tax: taxAmount(net, percent), note: null };
    }
    case 'reverseCharge':
      return { taxClass, category: 'AE', percent: ZERO, net, tax: 0n, note: REVERSE_CHARGE_NOTE };
    case 'outsideScope':
      return { taxClass, category: 'O', percent: ZERO, net, tax: 0n, note: treatment.reason };
    default:
      return unreachable(treatment);
  }
}
