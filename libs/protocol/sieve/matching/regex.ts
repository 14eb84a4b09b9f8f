import { characterAt, PAUSE_STEPS, type Paused } from './characters.ts';
import type { CharacterSet } from './regex-parse.ts';
import type { Regex } from './regex-program.ts';

/** One way through the expression: where it is, and where its groups began and ended. */
interface Thread {
  readonly step: number;
  readonly slots: readonly number[];
}

type Spend = (steps: number) => void;

/**
 * Leftmost and longest match, as POSIX asks: the whole and its groups, or `null`. All ways are walked at once (Thompson),
 * so the cost is steps × characters whatever the expression; of ways equally long, the one an ordinary engine takes first.
 */
export function* matchRegex(
  regex: Regex,
  text: string,
  fold: (character: string) => string,
  spend: Spend,
): Paused<readonly string[] | null> {
  let threads: readonly Thread[] = [];
  let best: { readonly start: number; readonly end: number; readonly slots: readonly number[] } | null = null;
  let steps = 0;
  const count: Spend = (more) => {
    steps += more;
    spend(more);
  };
  for (let at = 0; at <= text.length; ) {
    if (steps >= PAUSE_STEPS) {
      steps = 0;
      yield;
    }
    const character = at < text.length ? characterAt(text, at) : '';
    const folded = fold(character);
    if (threads.length === 0 && !best && regex.first && !regex.first.has(folded)) {
      // Nothing can begin here.
      count(1);
      at += Math.max(1, character.length);
      continue;
    }
    const next = new ThreadList(regex, at, text.length, count);
    for (const { step, slots } of threads) next.follow(step, slots);
    // Nothing starts later once something matched: leftmost first.
    if (!best) next.follow(0, [at]);
    const { match } = next;
    if (match && (!best || match[0]! <= best.start)) best = { start: match[0]!, end: at, slots: match };
    if (at === text.length) break;
    const start = best?.start ?? Infinity;
    threads = next.threads
      .filter(({ slots, step }) => slots[0]! <= start && takes(regex, step, folded, character, fold))
      .map(({ step, slots }) => ({ step: step + 1, slots }));
    if (threads.length === 0 && best) break;
    at += character.length;
  }
  if (!best) return null;
  const { slots, start, end } = best;
  const groups = Array.from({ length: regex.groups }, (_, index) => {
    const [from, to] = [slots[2 * index + 2], slots[2 * index + 3]];
    return from === undefined || to === undefined ? '' : text.slice(from, to);
  });
  return [text.slice(start, end), ...groups];
}

/** Steps that wait for the same character, the preferred first, each once. */
class ThreadList {
  readonly threads: Thread[] = [];
  /** Slots of the preferred way that ends here. */
  match: readonly number[] | null = null;
  private readonly seen = new Set<number>();

  constructor(
    private readonly regex: Regex,
    private readonly at: number,
    private readonly length: number,
    private readonly spend: Spend,
  ) {}

  /** From a step to all that take a character, without recursion: programs are long. */
  follow(from: number, slots: readonly number[]): void {
    const todo: Thread[] = [{ step: from, slots }];
    for (let thread = todo.pop(); thread; thread = todo.pop()) {
      if (this.seen.has(thread.step)) continue;
      this.seen.add(thread.step);
      this.spend(1);
      todo.push(...this.onwards(thread));
    }
  }

  private onwards({ step, slots }: Thread): readonly Thread[] {
    const instruction = this.regex.steps[step]!;
    switch (instruction.op) {
      case 'jump':
        return [{ step: instruction.to, slots }];
      case 'split':
        return [
          { step: instruction.second, slots },
          { step: instruction.first, slots },
        ];
      case 'save': {
        this.spend(slots.length);
        const saved = [...slots];
        saved[instruction.slot] = this.at;
        return [{ step: step + 1, slots: saved }];
      }
      case 'start':
        return this.at === 0 ? [{ step: step + 1, slots }] : [];
      case 'end':
        return this.at === this.length ? [{ step: step + 1, slots }] : [];
      case 'match':
        this.match ??= slots;
        return [];
      default:
        this.threads.push({ step, slots });
        return [];
    }
  }
}

function takes(
  regex: Regex,
  step: number,
  folded: string,
  character: string,
  fold: (character: string) => string,
): boolean {
  const instruction = regex.steps[step]!;
  switch (instruction.op) {
    case 'any':
      return true;
    case 'character':
      return instruction.character === folded;
    case 'set':
      return isIn(instruction.set, character, fold);
    default:
      return false;
  }
}

/** Under a comparator that ignores case, `[a-z]` holds both. */
function isIn({ isNegated, ranges }: CharacterSet, character: string, fold: (character: string) => string): boolean {
  const has = (text: string): boolean => {
    const code = text.codePointAt(0)!;
    return ranges.some(([first, last]) => code >= first && code <= last);
  };
  const ignoresCase = fold('a') === fold('A');
  const found = has(character) || (ignoresCase && (has(character.toLowerCase()) || has(character.toUpperCase())));
  return found !== isNegated;
}
