import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ManageSieveEvent, ManageSieveFramer } from './command-framer.ts';
import { MANAGESIEVE_SYNTAX_LIMITS } from './limits.ts';
import { formatCapabilities, formatResponse, formatString } from './response.ts';

function events(text: string, cut = text.length, limits = MANAGESIEVE_SYNTAX_LIMITS): ManageSieveEvent[] {
  const framer = new ManageSieveFramer(limits);
  const found: ManageSieveEvent[] = [];
  for (const piece of [text.slice(0, cut), text.slice(cut)]) {
    framer.push(Buffer.from(piece, 'latin1'));
    for (let event = framer.next(); event; event = framer.next()) found.push(event);
  }
  return found;
}

const shown = (event: ManageSieveEvent): string => {
  switch (event.kind) {
    case 'command':
      return [event.name, ...event.arguments.map((a) => (a.kind === 'string' ? `"${a.bytes}"` : a.value))].join(' ');
    case 'answer':
      return `answer ${event.bytes}`;
    case 'fault':
      return `fault ${event.text}`;
    case 'overrun':
      return 'overrun';
  }
};

const ROWS: readonly [string, readonly string[]][] = [
  ['NOOP\r\n', ['NOOP']],
  ['noop "a b"\r\nLOGOUT\r\n', ['NOOP "a b"', 'LOGOUT']],
  ['HAVESPACE "x" 435\r\n', ['HAVESPACE "x" 435']],
  ['PutScript "q\\"\\\\" {5+}\r\nkeep;\r\n', ['PUTSCRIPT "q"\\" "keep;"']],
  ['PUTSCRIPT {1+}\r\nx {8+}\r\nLOGOUT\r\n\r\nNOOP\r\n', ['PUTSCRIPT "x" "LOGOUT\r\n"', 'NOOP']],
  ['GETSCRIPT {0+}\r\n\r\n', ['GETSCRIPT ""']],
  ['PUTSCRIPT "a" {3}\r\nabc\r\n', ['PUTSCRIPT "a" "abc"']],
  ['\r\nNOOP\r\n', ['fault A command begins with its name', 'NOOP']],
  ['NOOP\nNOOP\r\n', ['fault Lines end with CR LF', 'NOOP']],
  ['NOOP "a\r\nNOOP\r\n', ['fault Argument cannot be read', 'NOOP']],
  ['NOOP"a"\r\n', ['fault A blank comes before an argument']],
  ['NOOP "a""b"\r\n', ['fault A blank comes before an argument']],
  ['NOOP atom\r\n', ['fault Argument cannot be read']],
  ['NOOP "{5+}"\r\nNOOP\r\n', ['NOOP "{5+}"', 'NOOP']],
  ['PUTSCRIPT "a" {9999999+}\r\nNOOP\r\n', ['overrun']],
  [`NOOP "${'x'.repeat(9_000)}"\r\nNOOP\r\n`, ['overrun']],
  [`NOOP "${'x'.repeat(1_025)}"\r\n`, ['fault Quoted string is too long']],
];

describe('ManageSieveFramer', () => {
  for (const [text, expected] of ROWS)
    it(`${JSON.stringify(text.slice(0, 60))} in any two pieces`, () => {
      for (const cut of new Set([text.length, 1, 5, 17, text.length - 1].filter((at) => at <= text.length)))
        assert.deepEqual(events(text, cut).map(shown), expected);
    });

  it('throws a literal that is too long away, and goes on', () => {
    const limits = { ...MANAGESIEVE_SYNTAX_LIMITS, literalBytesMax: 10 };
    const text = `PUTSCRIPT "a" {20+}\r\n${'LOGOUT\r\n'.repeat(3).slice(0, 20)}\r\nNOOP\r\n`;
    for (let cut = 0; cut <= text.length; cut++)
      assert.deepEqual(events(text, cut, limits).map(shown), ['fault Literal is too long', 'NOOP']);
  });

  it('reads the string that answers a challenge', () => {
    for (const [text, expected] of [
      ['"Zm9v"\r\n', 'answer Zm9v'],
      ['{4+}\r\nZm9v\r\n', 'answer Zm9v'],
      ['"*"\r\n', 'answer *'],
      ['NOOP\r\n', 'fault Argument cannot be read'],
    ] as const) {
      const framer = new ManageSieveFramer(MANAGESIEVE_SYNTAX_LIMITS);
      framer.expectAnswer();
      framer.push(Buffer.from(text));
      assert.equal(shown(framer.next()!), expected);
    }
  });
});

describe('responses', () => {
  it('quote what can be quoted', () => {
    assert.equal(formatString('a "b" \\ é'), '"a \\"b\\" \\\\ é"');
    assert.equal(formatString('a\r\né'), '{5}\r\na\r\né');
    assert.equal(formatString('x'.repeat(1_025)), `{1025}\r\n${'x'.repeat(1_025)}`);
    assert.equal(formatResponse('NO', 'Gone', 'NONEXISTENT'), 'NO (NONEXISTENT) "Gone"\r\n');
    assert.equal(formatResponse('OK', 'Done', { tag: 'x' }), 'OK (TAG "x") "Done"\r\n');
  });

  it('tell capabilities', () => {
    const facts = {
      sieve: 'fileinto',
      sasl: ['PLAIN'],
      startTls: true,
      redirectsMax: 4,
      unauthenticate: true,
      owner: 'a@b',
    };
    assert.equal(
      formatCapabilities(facts),
      '"IMPLEMENTATION" "Rookery"\r\n"SIEVE" "fileinto"\r\n"SASL" "PLAIN"\r\n"NOTIFY" "mailto"\r\n"MAXREDIRECTS" "4"\r\n"STARTTLS"\r\n"UNAUTHENTICATE"\r\n"OWNER" "a@b"\r\n"VERSION" "1.0"\r\n',
    );
  });
});
