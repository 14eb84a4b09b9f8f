import { Binder } from './bind.ts';
import type { SieveScript } from './definition.ts';
import { SIEVE_LIMITS, type SieveLimits } from './limits.ts';
import { parseScript } from './parser.ts';
import { type SieveProblem, SieveSyntaxError } from './problem.ts';

export type CompiledSieve =
  | { readonly ok: true; readonly script: SieveScript }
  | { readonly ok: false; readonly problems: readonly SieveProblem[] };

/** Reads and checks a script: what is wrong with it, each with its place, or one that can be run. Never throws on bad input. */
export function compileSieve(source: string, limits: SieveLimits = SIEVE_LIMITS): CompiledSieve {
  if (Buffer.byteLength(source) > limits.scriptBytesMax)
    return problem({ line: 1, column: 1, message: `script is larger than ${limits.scriptBytesMax} bytes` });
  try {
    const binder = new Binder(limits);
    const commands = binder.script(parseScript(source, limits));
    if (binder.problems.length > 0) return { ok: false, problems: binder.problems };
    return { ok: true, script: { commands, requires: binder.required } };
  } catch (error) {
    if (error instanceof SieveSyntaxError) return problem({ ...error.at, message: error.message });
    throw error;
  }
}

const problem = (only: SieveProblem): CompiledSieve => ({ ok: false, problems: [only] });

/** `compileSieve` for a script as bytes: RFC 5228 §2.1 wants UTF-8. */
export function compileSieveBytes(bytes: Uint8Array, limits: SieveLimits = SIEVE_LIMITS): CompiledSieve {
  let source: string;
  try {
    source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return problem({ line: 1, column: 1, message: 'script is not UTF-8' });
  }
  return compileSieve(source, limits);
}
