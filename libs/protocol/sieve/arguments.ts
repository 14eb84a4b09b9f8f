import { present } from '#stdx';
import type { SieveCapability } from './capabilities.ts';
import type { SievePosition } from './problem.ts';
import type { Template } from './template.ts';

export type ArgumentKind = 'number' | 'string' | 'strings';

/** A tag a command or test knows, and the value it takes. */
export interface TagSpec {
  readonly requires?: SieveCapability;
  readonly value?: ArgumentKind;
  /** Tags of one group exclude each other. */
  readonly group?: string;
}

export interface ArgumentsSpec {
  readonly tags?: Readonly<Record<string, TagSpec>>;
  readonly positional?: readonly ArgumentKind[];
  /** How many positional arguments may be left out: the first ones, or the last when it `mayEndEarly`. */
  readonly optional?: number;
  readonly mayEndEarly?: boolean;
}

export type ArgumentValue = true | number | readonly Template[];

/** The arguments of one command or test, checked against its spec: what is asked for is there, and of that kind. */
export class Arguments {
  constructor(
    private readonly tags: ReadonlyMap<string, { readonly at: SievePosition; readonly value: ArgumentValue }>,
    private readonly values: readonly { readonly at: SievePosition; readonly value: ArgumentValue }[],
  ) {}

  /** How many positional arguments there are. */
  get count(): number {
    return this.values.length;
  }

  has(tag: string): boolean {
    return this.tags.has(tag);
  }

  /** Which of these tags is there, if any. */
  oneOf<T extends string>(tags: readonly T[]): T | undefined {
    return tags.find((tag) => this.tags.has(tag));
  }

  number(index: number): number {
    return asNumber(this.values[index]?.value);
  }

  string(index: number): Template {
    return asString(this.values[index]?.value);
  }

  strings(index: number): readonly Template[] {
    return asStrings(this.values[index]?.value);
  }

  placeOf(index: number): SievePosition {
    return present(this.values[index], 'argument').at;
  }

  tagNumber(tag: string): number | undefined {
    return this.has(tag) ? asNumber(this.tags.get(tag)?.value) : undefined;
  }

  tagString(tag: string): Template | undefined {
    return this.has(tag) ? asString(this.tags.get(tag)?.value) : undefined;
  }

  tagStrings(tag: string): readonly Template[] | undefined {
    return this.has(tag) ? asStrings(this.tags.get(tag)?.value) : undefined;
  }
}

function asNumber(value: ArgumentValue | undefined): number {
  if (typeof value !== 'number') throw new TypeError('not a number');
  return value;
}

function asStrings(value: ArgumentValue | undefined): readonly Template[] {
  if (typeof value !== 'object') throw new TypeError('not strings');
  return value;
}

function asString(value: ArgumentValue | undefined): Template {
  return present(asStrings(value)[0], 'string');
}
