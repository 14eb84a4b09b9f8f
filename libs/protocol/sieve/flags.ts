import type { Run } from './run.ts';
import type { Template } from './template.ts';

// RFC 9051 §9 flag: a keyword, or a system flag with its backslash; \Recent is not a script's to set.
const FLAG = /^\\?[^\x00-\x20\x7f-\uffff(){%*"\\\]]+$/;

/** Flags out of strings that each hold any number of them (RFC 5232 §2); what cannot be a flag is left out. */
export function flagsIn(texts: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const flag of texts.flatMap((text) => text.split(' '))) {
    const key = flag.toLowerCase();
    if (FLAG.test(flag) && flag.length <= 255 && key !== '\\recent' && !found.has(key)) found.set(key, flag);
  }
  return [...found.values()];
}

/** Flags without those of `gone`, in any case. */
export function withoutFlags(flags: readonly string[], gone: readonly string[]): readonly string[] {
  const keys = new Set(gone.map((flag) => flag.toLowerCase()));
  return flags.filter((flag) => !keys.has(flag.toLowerCase()));
}

/** The flags an action stores with: its `:flags`, else the internal variable (RFC 5232 §3). */
export const flagsOf = (run: Run, tag: readonly Template[] | undefined): readonly string[] =>
  tag === undefined ? run.flags : flagsIn(run.texts(tag));
