// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scripts.
import { parseMessage } from '#protocol/message';
import { assert, type Random } from '#stdx';
import { SIEVE_EXTENSIONS } from './capabilities.ts';
import { compileSieveBytes } from './compile.ts';
import { interpretSieve } from './interpret.ts';
import { SIEVE_LIMITS } from './limits.ts';
import type { SieveAnswer, SieveQuestion } from './question.ts';

const REQUIRE_ALL = `require ${JSON.stringify(SIEVE_EXTENSIONS.map(({ capability }) => capability))};\n`;

/** Pieces that, strung together, make scripts that are nearly right. */
const PIECES: readonly string[] = [
  ...[
    'keep;',
    'discard;',
    'stop;',
    'return;',
    'fileinto "A";',
    'redirect "a@b.c";',
    'reject "no";',
    'if ',
    'elsif ',
    'else ',
  ],
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ',',
    ';',
    '"',
    '\\',
    '"a"',
    '["a","b"]',
    '5',
    '10K',
    ':is',
    ':matches',
    ':regex',
    ':count "ge"',
  ],
  ...[
    ':comparator "i;ascii-numeric"',
    ':value "lt"',
    'header "subject" "*a*"',
    'address :detail "to" "x"',
    'size :over 10',
  ],
  ...['not ', 'anyof', 'allof', 'true', 'false', 'body :text :contains "x"', 'body :regex "(a*)*b"', 'exists "from"'],
  ...[
    'set "a" "${a}${1}${a}";',
    'set :length "b" "${a}";',
    'string :matches "${a}" "*?*"',
    'addflag "x y";',
    'hasflag "x"',
  ],
  ...[
    'addheader "X-A" "${a}";',
    'deleteheader "Subject";',
    'vacation "away";',
    'notify "mailto:a@b.c";',
    'include "self";',
  ],
  ...['date "date" "year" "2026"', 'currentdate "hour" "1"', 'duplicate', 'spamtest "1"', 'environment "name" "x"'],
  ...[
    'text:\r\nx\r\n.\r\n',
    '/*',
    '*/',
    '#',
    '\r\n',
    '\0',
    ' ',
    '${hex:41}',
    'é',
    '\ud800',
    'global "a";',
    ':last',
    ':index 1',
  ],
];

const MESSAGE = Buffer.from(
  'From: a@b.c\r\nTo: x+y@z.example\r\nSubject: aaa bbb\r\nDate: Thu, 5 Nov 2026 10:00:00 +0000\r\n\r\naaaa\r\n',
);

/** A script of pieces: it compiles or has problems with places inside it, and if it runs, it ends and keeps or says why not. */
export function fuzzScript(random: Random): void {
  const pick = (): string => PIECES[Math.floor(random.fraction() * PIECES.length)]!;
  const pieces = Array.from({ length: 1 + Math.floor(random.fraction() * 25) }, pick);
  const source = (random.fraction() < 0.9 ? REQUIRE_ALL : '') + pieces.join(random.fraction() < 0.7 ? ' ' : '');
  const compiled = compileSieveBytes(Buffer.from(source));
  if (!compiled.ok) {
    const lines = source.split('\n').length;
    for (const { line, column } of compiled.problems)
      assert(line >= 1 && line <= lines && column >= 1, 'a place outside');
    return;
  }
  const { body, size } = parseMessage(MESSAGE);
  const limits = { ...SIEVE_LIMITS, effortMax: 200_000 };
  const message = { header: MESSAGE, body, size, envelope: { from: 'a@b.c', to: 'x+y@z.example' } };
  const machine = interpretSieve(compiled.script, message, {
    ...{ limits, now: 1_800_000_000_000, zoneMinutes: 60, owner: 'x@z.example', subaddressSeparator: '+' },
    ...{ environment: {}, spamPercent: 50, virusLevel: 1 },
  });
  let next = machine.next();
  while (!next.done) next = machine.next(answer(next.value, source));
  const { actions, error } = next.value;
  assert(!error || (actions.length === 1 && actions[0]?.kind === 'store'), 'an error keeps');
  assert(actions.length <= limits.actionsMax + 1, 'too many actions');
}

function answer(question: SieveQuestion, source: string): SieveAnswer {
  switch (question.ask) {
    case 'pause':
      return true;
    case 'bytes':
      return MESSAGE;
    case 'script':
      return source;
    case 'duplicate':
      return false;
    default:
      return null;
  }
}
