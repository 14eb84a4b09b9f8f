import type { SievePosition } from './problem.ts';

/** RFC 5228 §8.2, as written: nothing is known yet of what a name means. */
export type ArgumentNode =
  | { readonly kind: 'number'; readonly value: number; readonly at: SievePosition }
  | { readonly kind: 'tag'; readonly name: string; readonly at: SievePosition }
  | {
      readonly kind: 'strings';
      readonly texts: readonly string[];
      /** Written in brackets. */
      readonly isList: boolean;
      readonly at: SievePosition;
    };

export interface TestNode {
  /** Lower case. */
  readonly name: string;
  readonly arguments: readonly ArgumentNode[];
  readonly tests: readonly TestNode[];
  readonly at: SievePosition;
}

export interface CommandNode extends TestNode {
  readonly block: readonly CommandNode[] | null;
}
