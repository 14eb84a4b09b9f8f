import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { CommandFramer, commandTag } from './command-framer.ts';
import { DEFAULT_IMAP_SYNTAX_LIMITS, type ImapSyntaxLimits } from './limits.ts';

type Policy = 'argument' | 'stream' | 'refuse';

/** Feeds `input` in pieces of `size` and writes down what comes out, streamed pieces joined. */
function frames(input: string, policy: Policy = 'argument', size = 1_000_000, limits: Partial<ImapSyntaxLimits> = {}) {
  const framer = new CommandFramer({ ...DEFAULT_IMAP_SYNTAX_LIMITS, ...limits });
  const bytes = Buffer.from(input, 'latin1');
  const out: string[] = [];
  let streamed = '';
  for (let at = 0; at < bytes.length; at += size) {
    framer.push(bytes.subarray(at, at + size));
    for (let event = framer.next(); event; event = framer.next()) {
      if (event.kind === 'overrun') return [...out, 'overrun'];
      if (event.kind === 'literal') {
        out.push(`literal ${event.header.size} ${JSON.stringify(event.text().toString('latin1'))}`);
        if (policy === 'refuse') framer.refuseLiteral();
        else framer.acceptLiteral(policy);
      } else if (event.kind === 'bytes') {
        streamed += Buffer.from(event.bytes).toString('latin1');
        if (event.last) {
          out.push(`bytes ${JSON.stringify(streamed)}`);
          streamed = '';
        }
      } else if (event.kind === 'fault') out.push(`fault ${event.fault} ${event.tag}`);
      else if (event.kind === 'skipped') out.push('skipped');
      else out.push(`${event.kind} ${JSON.stringify(event.text.toString('latin1'))}`);
    }
  }
  return out;
}

const long = 'x'.repeat(100);
const CASES: readonly [
  name: string,
  input: string,
  policy: Policy,
  expected: string[],
  limits?: Partial<ImapSyntaxLimits>,
][] = [
  ['a command', 'a NOOP\r\n', 'argument', ['command "a NOOP"']],
  ['two in one chunk', 'a NOOP\r\nb NOOP\r\n', 'argument', ['command "a NOOP"', 'command "b NOOP"']],
  [
    'a literal kept as argument',
    'a LOGIN {3}\r\nx\r\n {2+}\r\nyz\r\n',
    'argument',
    [
      'literal 3 "a LOGIN {3}\\r\\n"',
      'literal 2 "a LOGIN {3}\\r\\nx\\r\\n {2+}\\r\\n"',
      'command "a LOGIN {3}\\r\\nx\\r\\n {2+}\\r\\nyz"',
    ],
  ],
  [
    'a literal streamed',
    'a APPEND b {4}\r\nab\r\n\r\nc NOOP\r\n',
    'stream',
    ['literal 4 "a APPEND b {4}\\r\\n"', 'bytes "ab\\r\\n"', 'command ""', 'command "c NOOP"'],
  ],
  [
    'an empty literal streamed',
    'a APPEND b {0}\r\n {1}\r\nx)\r\n',
    'stream',
    ['literal 0 "a APPEND b {0}\\r\\n"', 'bytes ""', 'literal 1 " {1}\\r\\n"', 'bytes "x"', 'command ")"'],
  ],
  [
    'a refused synchronizing literal ends its command',
    'a APPEND b {4}\r\nc NOOP\r\n',
    'refuse',
    ['literal 4 "a APPEND b {4}\\r\\n"', 'skipped', 'command "c NOOP"'],
  ],
  [
    'a refused non-synchronizing literal is read away with the rest',
    'a APPEND b {6+}\r\nc NOOP {3+}\r\nx\r\n y\r\nd NOOP\r\n',
    'refuse',
    ['literal 6 "a APPEND b {6+}\\r\\n"', 'skipped', 'command "d NOOP"'],
  ],
  ['a bare LF', 'a NOOP\nb NOOP\r\n', 'argument', ['fault bareLf a', 'command "b NOOP"']],
  [
    'a bare LF after a literal header',
    'a X {4+}\nb\r\n\r\nc NOOP\r\n',
    'argument',
    ['fault bareLf a', 'command "c NOOP"'],
  ],
  [
    'a line too long',
    `tag ${long}\r\nb NOOP\r\n`,
    'argument',
    ['fault lineTooLong tag', 'command "b NOOP"'],
    { lineBytesMax: 50 },
  ],
  [
    'a line too long with a literal',
    `tag ${long} {4+}\r\nxx\r\n more\r\nb NOOP\r\n`,
    'argument',
    ['fault lineTooLong tag', 'command "b NOOP"'],
    { lineBytesMax: 50 },
  ],
  [
    'a command too long',
    `t A {30+}\r\n${'x'.repeat(30)} {30+}\r\n${'y'.repeat(30)}\r\nb NOOP\r\n`,
    'argument',
    [
      'literal 30 "t A {30+}\\r\\n"',
      `literal 30 "t A {30+}\\r\\n${'x'.repeat(30)} {30+}\\r\\n"`,
      'fault commandTooLong t',
      'command "b NOOP"',
    ],
    { commandBytesMax: 60 },
  ],
  [
    'a refused literal past all bounds',
    'a X {99999+}\r\n',
    'refuse',
    ['literal 99999 "a X {99999+}\\r\\n"', 'overrun'],
    { discardedLiteralBytesMax: 100 },
  ],
  [
    'braces that announce nothing',
    'a X {}\r\nb X {1\r\nc X {-1}\r\nd X {a+}\r\n',
    'argument',
    ['command "a X {}"', 'command "b X {1"', 'command "c X {-1}"', 'command "d X {a+}"'],
  ],
  ['a literal8', 'a X ~{1}\r\n\0\r\n', 'argument', ['literal 1 "a X ~{1}\\r\\n"', 'command "a X ~{1}\\r\\n\\u0000"']],
];

describe('CommandFramer', () => {
  for (const [name, input, policy, expected, limits] of CASES) {
    it(name, () => {
      for (const size of [1_000_000, 1, 2, 3, 7]) assert.deepEqual(frames(input, policy, size, limits), expected);
    });
  }

  it('takes a line that is no command', () => {
    const framer = new CommandFramer();
    framer.push(Buffer.from('a IDLE\r\nDONE {5}\r\nb NOOP\r\n'));
    assert.equal(framer.next()?.kind, 'command');
    framer.expectLine();
    const line = framer.next();
    assert.equal(line?.kind === 'line' && line.text.toString(), 'DONE {5}');
    assert.equal(framer.next()?.kind, 'command');
    assert.equal(framer.idle, true);
  });

  it('hands over what it has not looked at', () => {
    const framer = new CommandFramer();
    framer.push(Buffer.from('a LOGIN x y\r\nb NOOP\r\nc SEL'));
    framer.next();
    assert.equal(framer.takeRest().toString(), 'b NOOP\r\nc SEL');
  });

  it('survives random bytes however they are cut', () => {
    const random = seededRandom(1);
    const alphabet = [
      '{',
      '}',
      '+',
      '~',
      '1',
      '3',
      '\r',
      '\n',
      '\r\n',
      ' ',
      'a',
      'NOOP',
      '"',
      '{2+}\r\n',
      '{2}\r\n',
      '\0',
    ];
    for (let round = 0; round < 3_000; round++) {
      let input = '';
      for (let i = 0; i < 30; i++) input += alphabet[Math.floor(random.fraction() * alphabet.length)];
      const limits = { lineBytesMax: 40, commandBytesMax: 80, discardedLiteralBytesMax: 50 };
      for (const policy of ['argument', 'stream', 'refuse'] as const) {
        const whole = frames(input, policy, 1_000, limits);
        assert.deepEqual(frames(input, policy, 1, limits), whole, JSON.stringify(input));
      }
    }
  });
});

describe('commandTag', () => {
  for (const [text, tag] of [
    ['a1 NOOP', 'a1'],
    ['a.b NOOP', 'a.b'],
    ['', null],
    [' NOOP', null],
    ['a+b NOOP', null],
    ['a"b NOOP', null],
    ['a', 'a'],
  ] as const)
    it(`of ${JSON.stringify(text)}`, () => assert.equal(commandTag(Buffer.from(text)), tag));
});
