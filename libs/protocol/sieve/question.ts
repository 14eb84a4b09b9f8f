/** What a run must ask the world. Each is answered once, in order. */
export type SieveQuestion =
  /** The run has worked for a while: others have their turn before it goes on → `true`. */
  | { readonly ask: 'pause' }
  /** The whole message as bytes → `Uint8Array`. */
  | { readonly ask: 'bytes' }
  /** A mailbox by its name → `SieveMailbox`, or `null` when there is none. */
  | { readonly ask: 'mailbox'; readonly name: string }
  /** The mailbox of a special use (`\Junk`) → its name, or `null`. */
  | { readonly ask: 'specialUse'; readonly use: string }
  /** An annotation (RFC 5464) of a mailbox, or of the account when `mailbox` is `null` → its value, or `null`. */
  | { readonly ask: 'annotation'; readonly mailbox: string | null; readonly entry: string }
  /** Whether a message of this key was tracked, and not forgotten yet → `boolean`. */
  | { readonly ask: 'duplicate'; readonly key: string }
  /** A script to include → its text, or `null` when there is none. */
  | { readonly ask: 'script'; readonly location: 'personal' | 'global'; readonly name: string };

export interface SieveMailbox {
  readonly name: string;
  /** Special uses it has, as `\Junk`. */
  readonly uses: readonly string[];
}

export type SieveAnswer = Uint8Array | SieveMailbox | string | boolean | null;

/** Work that may have to ask. The driver answers what is yielded. */
export type Asking<T> = Generator<SieveQuestion, T, SieveAnswer>;

/** Most steps never ask, and then are plain values. */
export type Step<T> = T | Asking<T>;

/** Takes a step, asking if it must. Values are never generators themselves. */
export function* taken<T extends object | string | boolean | undefined>(step: Step<T>): Asking<T> {
  return typeof step === 'object' && step !== null && Symbol.iterator in step ? yield* step as Asking<T> : (step as T);
}
