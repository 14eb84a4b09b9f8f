import type { RatedPeriod } from './rate-period.ts';
import { creditTax, type TaxTreatment, taxOn } from './tax.ts';

/** What a period has been billed so far, all documents together, by line and by tax class. Minor units. */
export interface Billed {
  /** Component and price version → net billed less net credited. */
  readonly nets: ReadonlyMap<string, { readonly taxClass: string; readonly net: bigint }>;
}

export interface DeltaLine {
  readonly key: string;
  readonly taxClass: string;
  /** What the line gained (or lost) by the late usage; never zero. */
  readonly net: bigint;
}

/** What late usage comes to: nothing, a charge on the next invoice, or a credit note for the period's own. */
export type LateOutcome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'charge'; readonly net: bigint; readonly lines: readonly DeltaLine[] }
  | { readonly kind: 'credit'; readonly net: bigint; readonly tax: bigint; readonly lines: readonly DeltaLine[] };

/** Key of a line across rating runs of one period. */
export const lineKey = (line: { readonly component: string; readonly priceVersion: string }): string =>
  `${line.component}@${line.priceVersion}`;

/** What a rated period bills, in the form `lateUsage` compares with. */
export function billedBy(rated: RatedPeriod): Billed {
  return {
    nets: new Map(
      rated.lines.map((line, index) => [lineKey(line), { taxClass: line.taxClass, net: rated.nets[index]! }]),
    ),
  };
}

/**
 * The whole period rated again less everything billed for it. Compared as a whole, not line by line: late usage under a
 * commitment moves money between lines and owes nothing.
 */
export function lateUsage(rated: RatedPeriod, billed: Billed, treatment: TaxTreatment): LateOutcome {
  const now = billedBy(rated).nets;
  const lines = [...new Set([...now.keys(), ...billed.nets.keys()])].sort().flatMap((key) => {
    const taxClass = (now.get(key) ?? billed.nets.get(key))!.taxClass;
    const net = (now.get(key)?.net ?? 0n) - (billed.nets.get(key)?.net ?? 0n);
    return net === 0n ? [] : [{ key, taxClass, net }];
  });
  const net = lines.reduce((total, line) => total + line.net, 0n);
  if (net === 0n) return { kind: 'nothing' };
  if (net > 0n) return { kind: 'charge', net, lines };
  return { kind: 'credit', net, tax: -creditedTax(lines, billed, treatment), lines };
}

function creditedTax(lines: readonly DeltaLine[], billed: Billed, treatment: TaxTreatment): bigint {
  const { lines: before } = taxOn([...billed.nets.values()], treatment);
  return before.reduce((total, { taxClass, net, percent }) => {
    const credit = -lines.filter((line) => line.taxClass === taxClass).reduce((sum, line) => sum + line.net, 0n);
    return total + creditTax(net, credit, percent);
  }, 0n);
}
