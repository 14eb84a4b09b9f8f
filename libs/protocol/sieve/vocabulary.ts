import { COMMANDS } from './commands/index.ts';
import { TESTS } from './tests/index.ts';

/** A command or test, for tables. */
interface Word {
  readonly name: string;
  readonly rfc: string;
  /** What a script must require to say it; '' when nothing. */
  readonly requires: string;
}

const wordOf = ({
  name,
  rfc,
  requires = [],
}: {
  name: string;
  rfc: string;
  requires?: string | readonly string[];
}): Word => ({
  name,
  rfc,
  requires: typeof requires === 'string' ? requires : requires.join(' or '),
});

const REQUIRE: Word = { name: 'require', rfc: 'RFC 5228 §3.2', requires: '' };

/** All the language has, by name. */
export const SIEVE_VOCABULARY: { readonly commands: readonly Word[]; readonly tests: readonly Word[] } = {
  commands: [REQUIRE, ...[...COMMANDS.values()].map(wordOf)],
  tests: [...TESTS.values()].map(wordOf),
};
