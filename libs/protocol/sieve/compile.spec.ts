// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of scripts.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compileSieve, compileSieveBytes } from './compile.ts';
import { SIEVE_LIMITS } from './limits.ts';
import { formatProblem } from './problem.ts';

const problems = (source: string): string => {
  const compiled = compileSieve(source);
  return compiled.ok ? 'ok' : compiled.problems.map(formatProblem).join('; ');
};

const BAD: readonly [script: string, problems: string][] = [
  ['keep', 'line 1, column 5: expected ";" or a block after "keep", found the end of the script'],
  ['if true { keep;', 'line 1, column 16: expected a command, found the end of the script'],
  ['\n  foo;', 'line 2, column 3: unknown command "foo"'],
  ['if foo { keep; }', 'line 1, column 4: unknown test "foo"'],
  ['keep; require "fileinto";', 'line 1, column 7: "require" must come before all other commands'],
  ['require "nope";', 'line 1, column 9: unknown capability "nope"'],
  ['require 5;', 'line 1, column 1: require takes one list of capabilities'],
  ['fileinto "x";', 'line 1, column 1: "fileinto" needs require "fileinto"'],
  ['require "fileinto"; fileinto;', 'line 1, column 21: "fileinto" takes 1 arguments, not 0'],
  ['require "fileinto"; fileinto ["a", "b"];', 'line 1, column 30: "fileinto" wants a string here'],
  ['require "fileinto"; fileinto 5;', 'line 1, column 30: "fileinto" wants a string here'],
  ['require "fileinto"; fileinto :copy "x";', 'line 1, column 30: :copy needs require "copy"'],
  ['keep :nope;', 'line 1, column 6: "keep" knows no :nope'],
  ['if header :is :contains "a" "b" { keep; }', 'line 1, column 15: :contains and :is exclude each other'],
  ['if header :comparator "i;x" "a" "b" { keep; }', 'line 1, column 4: unknown comparator "i;x"'],
  [
    'if header :comparator "i;ascii-numeric" "a" "1" { keep; }',
    'line 1, column 4: comparator "i;ascii-numeric" needs require "comparator-i;ascii-numeric"',
  ],
  [
    'require "relational"; if header :count "xx" "a" "1" { keep; }',
    'line 1, column 26: :count wants "gt", "ge", "lt", "le", "eq" or "ne"',
  ],
  ['if address "subject" "x" { keep; }', 'line 1, column 12: header field "subject" holds no addresses'],
  ['require "envelope"; if envelope "cc" "x" { keep; }', 'line 1, column 33: envelope has no part "cc"'],
  ['else { keep; }', 'line 1, column 1: "else" must come right after if or elsif'],
  ['if true { keep; } keep; else { keep; }', 'line 1, column 25: "else" must come right after if or elsif'],
  [
    'if true { keep; } else { keep; } elsif true { keep; }',
    'line 1, column 34: "elsif" must come right after if or elsif',
  ],
  ['if true;', 'line 1, column 1: "if" needs a block'],
  ['keep { stop; }', 'line 1, column 1: "keep" takes no block'],
  ['if { keep; }', 'line 1, column 1: "if" needs one test'],
  ['if (true, true) { keep; }', 'line 1, column 1: "if" needs one test'],
  ['if anyof { keep; }', 'line 1, column 4: "anyof" needs tests'],
  ['keep "x";', 'line 1, column 1: "keep" takes 0 arguments, not 1'],
  ['redirect "not an address";', 'line 1, column 10: not an address: "not an address"'],
  ['redirect "a@b.c, d@e.f";', 'line 1, column 10: not an address: "a@b.c, d@e.f"'],
  ['if size 5 { keep; }', 'line 1, column 4: size wants :over or :under'],
  ['"x";', 'line 1, column 1: expected a command, found a string'],
  ['if header "a" ["b", 5] { keep; }', 'line 1, column 21: expected a string in the list, found a number'],
  ['keep; "', 'line 1, column 7: string without end'],
  ['keep; /* never', 'line 1, column 7: comment without end'],
  ['if size :over 1X { keep; }', 'line 1, column 15: unexpected character "1"'],
  ['if size :over 99999999999999999999 { keep; }', 'line 1, column 15: number is too large'],
  ['require "regex"; if header :regex "a" "(" { keep; }', 'line 1, column 39: unmatched ( in regular expression'],
  [
    'require "regex"; if header :regex "a" "((a{255}){255}){255}" { keep; }',
    'line 1, column 39: regular expression is too large',
  ],
  [
    'require "regex"; if header :regex "a" "((((a{0}){255}){255}){255}){255}" { keep; }',
    'line 1, column 39: regular expression is too large',
  ],
  ['require "variables"; set "a b" "x";', 'line 1, column 26: not the name of a variable: "a b"'],
  ['require "variables"; keep; if string "${x.y}" "" { keep; }', 'line 1, column 38: unknown variable namespace "x"'],
  ['require "encoded-character"; if header "${unicode:d800}" "" { keep; }', 'line 1, column 40: no character d800'],
  ['require ["date"]; if date "date" "era" "x" { keep; }', 'line 1, column 34: unknown part of a date "era"'],
  ['require "enotify"; notify "tel:1";', 'line 1, column 27: not a mailto address: "tel:1"'],
  [
    'require "vacation"; vacation :days 1 :seconds 2 "x";',
    'line 1, column 38: :seconds needs require "vacation-seconds"; line 1, column 38: :seconds and :days exclude each other',
  ],
  [
    'foo; bar;\nbaz;',
    'line 1, column 1: unknown command "foo"; line 1, column 6: unknown command "bar"; line 2, column 1: unknown command "baz"',
  ],
];

const GOOD = [
  '# comment\r\n/* and\n another */ keep;',
  'require ["fileinto", "comparator-i;octet", "comparator-i;ascii-casemap"]; FileInto "x";',
  'require "reject"; reject text: # why\r\nLine\r\n..dotted\r\n.\r\n;',
  'if not anyof(true,allof(false,true)){keep;}elsif true{stop;}else{discard;}',
  'require "relational"; if header :value "GE" "a" "1" { keep; }',
];

describe('compileSieve', () => {
  for (const [script, expected] of BAD) it(`says of ${script}`, () => assert.equal(problems(script), expected));
  for (const script of GOOD) it(`takes ${script}`, () => assert.equal(problems(script), 'ok'));

  it('has limits', () => {
    const nested = (depth: number): string => `${'if true { '.repeat(depth)}keep;${' }'.repeat(depth)}`;
    assert.equal(problems(nested(32)), 'ok');
    assert.match(problems(nested(33)), /nested more than 32 deep/);
    assert.match(problems(`if ${'not '.repeat(100_000)}true { keep; }`), /nested more than 32 deep/);
    assert.match(problems('keep;'.repeat(20_001)), /too many commands/);
    assert.match(problems(`#${'x'.repeat(SIEVE_LIMITS.scriptBytesMax)}`), /larger than/);
    assert.equal(problems('x;'.repeat(100)).split('; ').length, SIEVE_LIMITS.problemsMax);
    assert.match(problems(`if header "a" [${'"",'.repeat(10_001)}""] { keep; }`), /list is too long/);
  });

  it('wants UTF-8', () => {
    const compiled = compileSieveBytes(Buffer.from([0x23, 0xff, 0x0a]));
    assert.deepEqual(compiled, { ok: false, problems: [{ line: 1, column: 1, message: 'script is not UTF-8' }] });
    assert.equal(compileSieveBytes(Buffer.from('# Grüße\r\nkeep;')).ok, true);
  });
});
