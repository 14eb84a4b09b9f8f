/** The character at an offset: one or two code units. */
export function characterAt(text: string, at: number): string {
  const code = text.charCodeAt(at);
  return code >= 0xd800 && code <= 0xdbff && isLow(text.charCodeAt(at + 1)) ? text.slice(at, at + 2) : text[at]!;
}

/** The offset `count` characters before `end`; −1 when there are not so many. */
export function offsetBefore(text: string, end: number, count: number): number {
  let at = end;
  for (let left = count; left > 0; left--) {
    if (at <= 0) return -1;
    at -= at > 1 && isLow(text.charCodeAt(at - 1)) && isHigh(text.charCodeAt(at - 2)) ? 2 : 1;
  }
  return at;
}

const isHigh = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
const isLow = (code: number): boolean => code >= 0xdc00 && code <= 0xdfff;

/** A long piece of work that stops now and then, so that others have their turn. */
export type Paused<T> = Generator<void, T>;

/** Steps between two stops: some milliseconds. */
export const PAUSE_STEPS = 50_000;
