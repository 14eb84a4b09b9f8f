import assert from 'node:assert/strict';
import { MANAGESIEVE_SYNTAX_LIMITS, ManageSieveFramer, ManageSieveScanner } from '#protocol/managesieve';
import * as pop3 from '#protocol/pop3';
import { readProxyHeader } from '#protocol/proxy';
import { cut, heap, mutated, pick, tolerating } from '../inputs.ts';
import type { FuzzTarget } from '../target.ts';

const MANAGESIEVE = [
  ...[
    'NOOP',
    'PUTSCRIPT ',
    '"a"',
    ' ',
    '{3+}\r\n',
    '{0+}\r\n',
    'xyz',
    '\r\n',
    '\n',
    '"',
    '\\',
    '{9}',
    '}',
    '{',
    '5',
    '\0',
  ],
];
const POP3 = ['RETR', 'auth', ' ', '\0', '\r', '\n', '9', '99999999999', 'é', '*', '=', '-', 'TOP', '\xff', 'CAPA\r\n'];
const POP3_PARSERS = [
  ...[pop3.parseCommandLine, pop3.parseOptionalMessageNumber, pop3.parseAuth, pop3.parseLang],
  ...[pop3.parseMessageNumber, pop3.parseNothing, pop3.parsePass, pop3.parseTop, pop3.parseUser],
];
const PROXY_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x02\0\x01\0\x02', 'latin1');
const PROXY = [
  PROXY_V2,
  ...['TCP4 1.2.3.4 5.6.7.8 1 2', 'TCP6 ::1 ::1 1 2', 'UNKNOWN'].map((line) => Buffer.from(`PROXY ${line}\r\n`)),
];

export const LINE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'managesieve commands',
    check(random) {
      const scanner = new ManageSieveScanner();
      const framer = new ManageSieveFramer(MANAGESIEVE_SYNTAX_LIMITS);
      let scanned = 0;
      let framed = 0;
      for (const chunk of cut(random, Buffer.concat([heap(random, MANAGESIEVE, 14), Buffer.from('\r\n')]))) {
        scanner.scan(chunk, () => scanned++);
        framer.push(chunk);
        while (framer.next()) framed++;
        assert.equal(framed, scanned, 'commands end at the same places');
      }
    },
  },
  {
    name: 'pop3 lines',
    check(random) {
      const reader = new pop3.LineReader(60);
      for (const chunk of cut(random, heap(random, POP3, 16))) {
        reader.push(chunk);
        for (let line = reader.next(); line; line = reader.next()) {
          if (line.kind === 'tooLong') continue;
          for (const parse of POP3_PARSERS) tolerating([pop3.Pop3SyntaxError], () => parse(line.text));
        }
      }
    },
  },
  {
    name: 'proxy headers',
    check(random) {
      const bytes = mutated(random, pick(random, PROXY), [' ', '\r\n', '::', '255', '\0', '\x21', 'TCP6', '65536']);
      const header = readProxyHeader(bytes);
      if (header.kind === 'header') assert.ok(header.length <= bytes.length);
    },
  },
];
