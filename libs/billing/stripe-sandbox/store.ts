import { missing } from './failure.ts';

/** Any of Stripe's objects. */
export interface StripeObject {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  [field: string]: unknown;
}

/** All there is, to begin again with. */
export interface SandboxSnapshot {
  readonly made: number;
  readonly objects: readonly StripeObject[];
}

/** All objects of one account, by id, in order of their making. */
export class ObjectStore {
  private readonly objects: Map<string, StripeObject>;
  private made: number;

  constructor(
    private readonly now: () => number,
    { made, objects }: SandboxSnapshot = { made: 0, objects: [] },
  ) {
    this.made = made;
    this.objects = new Map(objects.map((object) => [object.id, object]));
  }

  snapshot(): SandboxSnapshot {
    return { made: this.made, objects: [...this.objects.values()] };
  }

  make(prefix: string, object: string, fields: Readonly<Record<string, unknown>>): StripeObject {
    const id = `${prefix}_${String(++this.made).padStart(6, '0')}`;
    return this.put({ id, object, created: Math.floor(this.now() / 1_000), livemode: false, ...fields });
  }

  private put(object: StripeObject): StripeObject {
    this.objects.set(object.id, object);
    return object;
  }

  get(id: string, object: string): StripeObject {
    const found = this.objects.get(id);
    if (found?.object !== object) throw missing(id);
    return found;
  }

  /** Newest first, as Stripe lists. */
  list(object: string, matches: (candidate: StripeObject) => boolean): StripeObject[] {
    return [...this.objects.values()].filter((one) => one.object === object && matches(one)).reverse();
  }
}
