import { unreachable } from '#stdx';
import { apportion } from './apportion.ts';
import { divide, multiply, type Ratio, ratio, round } from './ratio.ts';

/** Taken off the lines' sum: a percentage of it, or minor units up to it. */
export type Coupon =
  | { readonly id: string; readonly description: string; readonly off: 'percent'; readonly percent: Ratio }
  | { readonly id: string; readonly description: string; readonly off: 'amount'; readonly minor: bigint };

/** What the coupon takes off each of `nets` (minor units, in order), by largest remainder; never more than a net. */
export function discountOf(coupon: Coupon, nets: readonly bigint[]): bigint[] {
  const sum = nets.reduce((a, b) => a + b, 0n);
  return apportion(
    discountOn(coupon, sum),
    nets.map((net) => ratio(net)),
  );
}

function discountOn(coupon: Coupon, sum: bigint): bigint {
  switch (coupon.off) {
    case 'percent': {
      const off = round(multiply(ratio(sum), divide(coupon.percent, ratio(100))));
      return off < sum ? off : sum;
    }
    case 'amount':
      return coupon.minor < sum ? coupon.minor : sum;
    default:
      return unreachable(coupon);
  }
}
