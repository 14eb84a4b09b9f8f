import { type CharacterSet, parseRegex, type RegexNode } from './regex-parse.ts';

/** One step of a program: takes a character, or goes on without one. */
export type RegexStep =
  | { readonly op: 'character'; readonly character: string }
  | { readonly op: 'any' | 'start' | 'end' | 'match' }
  | { readonly op: 'set'; readonly set: CharacterSet }
  | { readonly op: 'save'; readonly slot: number }
  /** Both ways, the first preferred. */
  | { op: 'split'; first: number; second: number }
  | { op: 'jump'; to: number };

export interface Regex {
  readonly steps: readonly RegexStep[];
  /** Characters, folded, one of which every match begins with; `null` when it may begin otherwise. */
  readonly first: ReadonlySet<string> | null;
  /** Groups, the whole not counted. */
  readonly groups: number;
}

/** Compiles an expression to steps for `matchRegex`. Throws `RangeError` for a bad or a too large one. */
export function compileRegex(pattern: string, fold: (character: string) => string, stepsMax: number): Regex {
  const { node, groups } = parseRegex(pattern);
  const compiler = new RegexCompiler(fold, stepsMax);
  compiler.add(node);
  compiler.emit({ op: 'match' });
  return { steps: compiler.steps, groups, first: firstOf(compiler.steps) };
}

/** What stands before the first character, `^` among it, is passed over: it only makes matches fewer. */
function firstOf(steps: readonly RegexStep[]): ReadonlySet<string> | null {
  const found = new Set<string>();
  const seen = new Set<number>();
  const todo = [0];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const step = steps[at]!;
    switch (step.op) {
      case 'character':
        found.add(step.character);
        break;
      case 'jump':
        todo.push(step.to);
        break;
      case 'split':
        todo.push(step.first, step.second);
        break;
      case 'save':
      case 'start':
        todo.push(at + 1);
        break;
      default:
        return null;
    }
  }
  return found;
}

class RegexCompiler {
  readonly steps: RegexStep[] = [];
  private added = 0;

  constructor(
    private readonly fold: (character: string) => string,
    private readonly stepsMax: number,
  ) {}

  emit<S extends RegexStep>(step: S): S {
    if (this.steps.length >= this.stepsMax) throw new RangeError('regular expression is too large');
    this.steps.push(step);
    return step;
  }

  add(node: RegexNode): void {
    // What is repeated no times emits nothing, however often that is repeated.
    if (++this.added > 4 * this.stepsMax) throw new RangeError('regular expression is too large');
    switch (node.kind) {
      case 'empty':
        return;
      case 'start':
      case 'end':
      case 'any':
        this.emit({ op: node.kind });
        return;
      case 'character':
        this.emit({ op: 'character', character: this.fold(node.character) });
        return;
      case 'set':
        this.emit({ op: 'set', set: node.set });
        return;
      case 'group':
        this.emit({ op: 'save', slot: 2 * node.index });
        this.add(node.inside);
        this.emit({ op: 'save', slot: 2 * node.index + 1 });
        return;
      case 'sequence':
        for (const each of node.nodes) this.add(each);
        return;
      case 'choice':
        this.choice(node.nodes);
        return;
      case 'repeat':
        this.repeat(node.inside, node.min, node.max);
    }
  }

  private choice(nodes: readonly RegexNode[]): void {
    const jumps = nodes.slice(0, -1).map((node) => {
      const split = this.emit({ op: 'split' as const, first: this.steps.length + 1, second: 0 });
      this.add(node);
      const jump = this.emit({ op: 'jump' as const, to: 0 });
      split.second = this.steps.length;
      return jump;
    });
    this.add(nodes.at(-1)!);
    for (const jump of jumps) jump.to = this.steps.length;
  }

  private repeat(inside: RegexNode, min: number, max: number): void {
    for (let count = 0; count < min; count++) this.add(inside);
    if (max === Infinity) {
      const split = this.emit({ op: 'split' as const, first: this.steps.length + 1, second: 0 });
      this.add(inside);
      this.emit({ op: 'jump', to: this.steps.indexOf(split) });
      split.second = this.steps.length;
      return;
    }
    const splits = Array.from({ length: max - min }, () => {
      const split = this.emit({ op: 'split' as const, first: this.steps.length + 1, second: 0 });
      this.add(inside);
      return split;
    });
    for (const split of splits) split.second = this.steps.length;
  }
}
