/**
 * The bill by another road, for comparison: minute by minute, in whole numbers over one denominator, knowing nothing of
 * the rating library. Slow and plain on purpose. Events lie on whole minutes.
 */
import type { UsageEvent } from '#metering';

const MINUTE = 60_000;

export interface ModelPlan {
  /** `YYYY-MM-DD` of the first local date it holds. */
  readonly since: string;
  /** Ten-thousandths of a cent: 0.08 → 80,000. */
  readonly hub: bigint;
  readonly active: bigint;
  readonly standby: bigint;
  readonly mailbox: bigint;
  readonly gigabyte: bigint;
  /** [last message of the tier, price]; the last has no end. */
  readonly messages: readonly (readonly [bigint | null, bigint])[];
  /** Cents a month. */
  readonly fee: bigint;
}

export interface ModelTerms {
  readonly zone: string;
  readonly plans: readonly ModelPlan[];
  /** Cents a month, percent. */
  readonly commitment: bigint;
  readonly discount: bigint;
}

/** Net cents of a month. */
export function modelNet(terms: ModelTerms, month: string, events: readonly UsageEvent[]): bigint {
  const minutes = minutesOf(month, terms.zone);
  const dates = [...new Set(minutes.map(({ date }) => date))];
  const planOn = (date: string): ModelPlan => terms.plans.findLast(({ since }) => since <= date)!;
  const used = new Map<ModelPlan, Use>();
  for (const date of dates) {
    const plan = planOn(date);
    used.set(
      plan,
      used.get(plan) ?? { days: 0n, hub: 0n, active: 0n, standby: 0n, dates: new Set(), bytes: 0n, messages: 0n },
    );
    used.get(plan)!.days++;
  }
  walk(minutes, events, (date) => used.get(planOn(date))!);
  const days = BigInt(dates.length);
  let sum = 0n;
  let fees = 0n;
  let feeSoFar = 0n;
  for (const [plan, use] of used) {
    sum += half(use.hub * plan.hub, 60n * 10_000n);
    sum += half(use.active * plan.active, 60n * 10_000n);
    sum += half(use.standby * plan.standby, 60n * 10_000n);
    sum += half(BigInt(use.dates.size) * plan.mailbox, days * 10_000n);
    sum += half(use.bytes * plan.gigabyte, 10n ** 9n * BigInt(minutes.length) * 10_000n);
    sum += tiered(plan.messages, use.messages, use.days, days);
    feeSoFar += plan.fee * use.days;
    fees = half(feeSoFar, days);
  }
  const usage = sum;
  const missing = terms.commitment > usage ? terms.commitment - usage : 0n;
  const gross = usage + fees + missing;
  return gross - half(gross * terms.discount, 100n);
}

interface Use {
  days: bigint;
  /** Resource-minutes. */
  hub: bigint;
  active: bigint;
  standby: bigint;
  /** `mailbox date` pairs. */
  dates: Set<string>;
  /** Byte-minutes. */
  bytes: bigint;
  messages: bigint;
}

/** Goes through the month with the state the events leave. */
function walk(
  minutes: readonly { at: number; date: string }[],
  events: readonly UsageEvent[],
  useOn: (date: string) => Use,
): void {
  const ordered = events.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const on = {
    hub: new Set<string>(),
    'node-active': new Set<string>(),
    'node-standby': new Set<string>(),
    mailbox: new Set<string>(),
  };
  const levels = new Map<string, bigint>();
  let next = 0;
  const first = minutes[0]!.at;
  for (const { at, date } of minutes) {
    const use = useOn(date);
    for (; next < ordered.length && Date.parse(ordered[next]!.at) <= at; next++) {
      const event = ordered[next]!;
      const inside = Date.parse(event.at) >= first;
      if (event.kind === 'counter') use.messages += inside ? BigInt(event.quantity) : 0n;
      else if (event.kind === 'gauge') levels.set(event.subject, BigInt(event.value));
      else {
        const name = event.meter === 'mailbox' ? event.label! : event.subject;
        if (event.kind === 'start') on[event.meter].add(name);
        else on[event.meter].delete(name);
      }
    }
    use.hub += BigInt(on.hub.size);
    use.active += BigInt(on['node-active'].size);
    use.standby += BigInt(on['node-standby'].size);
    for (const name of on.mailbox) use.dates.add(`${name} ${date}`);
    for (const bytes of levels.values()) use.bytes += bytes;
  }
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Every minute of the local month, with its local date. */
function minutesOf(month: string, zone: string): { at: number; date: string }[] {
  const format = formats.get(zone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' });
  formats.set(zone, format);
  const begin = Date.parse(`${month}-01T00:00:00Z`) - 86_400_000;
  const found: { at: number; date: string }[] = [];
  // The local date changes on a whole quarter of an hour everywhere.
  for (let quarter = begin; quarter < begin + 34 * 86_400_000; quarter += 15 * MINUTE) {
    const date = format.format(quarter);
    if (date.startsWith(month)) for (let n = 0; n < 15; n++) found.push({ at: quarter + n * MINUTE, date });
  }
  return found;
}

/** Tier bounds shrink with the days a plan held; all over days × 10,000. */
function tiered(tiers: ModelPlan['messages'], messages: bigint, held: bigint, days: bigint): bigint {
  let amount = 0n;
  let below = 0n;
  for (const [bound, price] of tiers) {
    const upTo = bound === null ? messages * days : bound * held;
    if (messages * days > upTo) amount += (upTo - below) * price;
    else if (messages * days > below) amount += (messages * days - below) * price;
    below = upTo;
  }
  return half(amount, days * 10_000n);
}

const half = (num: bigint, den: bigint): bigint => (2n * num + den) / (2n * den);
