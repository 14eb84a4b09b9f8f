/** A set of characters: ranges of code points, or what is not in them. */
export interface CharacterSet {
  readonly isNegated: boolean;
  readonly ranges: readonly (readonly [number, number])[];
}

/** A regular expression's tree. */
export type RegexNode =
  | { readonly kind: 'empty' | 'start' | 'end' }
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'set'; readonly set: CharacterSet }
  | { readonly kind: 'group'; readonly index: number; readonly inside: RegexNode }
  | { readonly kind: 'sequence' | 'choice'; readonly nodes: readonly RegexNode[] }
  | { readonly kind: 'repeat'; readonly inside: RegexNode; readonly min: number; readonly max: number };

/** RFC-like bound of POSIX: RE_DUP_MAX. */
const REPEAT_MAX = 255;
const NESTING_MAX = 64;

const CLASSES: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  alpha: ranges('AZaz'),
  digit: ranges('09'),
  alnum: ranges('09AZaz'),
  upper: ranges('AZ'),
  lower: ranges('az'),
  space: ranges('\t\r  '),
  blank: ranges('\t\t  '),
  punct: ranges('!/:@[`{~'),
  print: ranges(' ~'),
  graph: ranges('!~'),
  cntrl: ranges('\0\x1f\x7f\x7f'),
  xdigit: ranges('09AFaf'),
};

function ranges(pairs: string): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  for (let at = 0; at < pairs.length; at += 2) found.push([pairs.charCodeAt(at), pairs.charCodeAt(at + 1)]);
  return found;
}

/** Reads a POSIX extended regular expression (draft-ietf-sieve-regex). Throws `RangeError` saying what is wrong. */
export function parseRegex(pattern: string): { readonly node: RegexNode; readonly groups: number } {
  const parser = new RegexParser(Array.from(pattern));
  const node = parser.choice(0);
  if (!parser.isAtEnd) throw new RangeError('unmatched ) in regular expression');
  return { node, groups: parser.groups };
}

class RegexParser {
  groups = 0;
  private at = 0;

  constructor(private readonly pattern: readonly string[]) {}

  get isAtEnd(): boolean {
    return this.at >= this.pattern.length;
  }

  choice(depth: number): RegexNode {
    if (depth > NESTING_MAX) throw new RangeError('regular expression is nested too deep');
    const nodes = [this.sequence(depth)];
    while (this.take('|')) nodes.push(this.sequence(depth));
    return nodes.length === 1 ? nodes[0]! : { kind: 'choice', nodes };
  }

  private sequence(depth: number): RegexNode {
    const nodes: RegexNode[] = [];
    while (!this.isAtEnd && this.peek() !== '|' && this.peek() !== ')') nodes.push(this.repeated(depth));
    return nodes.length === 1 ? nodes[0]! : nodes.length === 0 ? { kind: 'empty' } : { kind: 'sequence', nodes };
  }

  private repeated(depth: number): RegexNode {
    let node = this.atom(depth);
    for (;;) {
      const bounds = this.bounds();
      if (!bounds) return node;
      node = { kind: 'repeat', inside: node, ...bounds };
    }
  }

  private bounds(): { readonly min: number; readonly max: number } | undefined {
    if (this.take('*')) return { min: 0, max: Infinity };
    if (this.take('+')) return { min: 1, max: Infinity };
    if (this.take('?')) return { min: 0, max: 1 };
    if (this.peek() !== '{') return undefined;
    const rest = this.pattern.slice(this.at, this.at + 12).join('');
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(rest);
    if (!found) throw new RangeError('{ begins no repetition in regular expression');
    this.at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? Infinity : Number(found[3]);
    if (min > max || min > REPEAT_MAX || (max !== Infinity && max > REPEAT_MAX))
      throw new RangeError('repetition out of bounds in regular expression');
    return { min, max };
  }

  private atom(depth: number): RegexNode {
    const character = this.pattern[this.at++]!;
    switch (character) {
      case '(':
        return this.group(depth);
      case '[':
        return { kind: 'set', set: this.set() };
      case '.':
        return { kind: 'any' };
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '\\':
        if (this.isAtEnd) throw new RangeError('regular expression ends in a backslash');
        return { kind: 'character', character: this.pattern[this.at++]! };
      case '*':
      case '+':
      case '?':
      case '{':
        throw new RangeError(`${character} repeats nothing in regular expression`);
      default:
        return { kind: 'character', character };
    }
  }

  private group(depth: number): RegexNode {
    const index = ++this.groups;
    const inside = this.choice(depth + 1);
    if (!this.take(')')) throw new RangeError('unmatched ( in regular expression');
    return { kind: 'group', index, inside };
  }

  /** Past `[`. A `]` or `-` that comes first is itself. */
  private set(): CharacterSet {
    const isNegated = this.take('^');
    const found: (readonly [number, number])[] = [];
    for (let isFirst = true; isFirst || this.peek() !== ']'; isFirst = false) {
      if (this.isAtEnd) throw new RangeError('unmatched [ in regular expression');
      const named = this.namedClass();
      if (named) found.push(...named);
      else found.push(this.range());
    }
    this.at++;
    return { isNegated, ranges: found };
  }

  private range(): readonly [number, number] {
    const first = this.pattern[this.at++]!.codePointAt(0)!;
    const next = this.pattern[this.at + 1];
    if (this.peek() !== '-' || next === undefined || next === ']') return [first, first];
    this.at += 2;
    const last = next.codePointAt(0)!;
    if (last < first) throw new RangeError('range goes backwards in regular expression');
    return [first, last];
  }

  private namedClass(): readonly (readonly [number, number])[] | undefined {
    if (this.peek() !== '[' || !':.='.includes(this.pattern[this.at + 1] ?? ' ')) return undefined;
    const found = /^\[:([a-z]+):\]/.exec(this.pattern.slice(this.at, this.at + 12).join(''));
    const named = found && CLASSES[found[1]!];
    if (!found || !named) throw new RangeError('unknown character class in regular expression');
    this.at += found[0].length;
    return named;
  }

  private peek(): string | undefined {
    return this.pattern[this.at];
  }

  private take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }
}
