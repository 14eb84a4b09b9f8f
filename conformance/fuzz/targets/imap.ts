import assert from 'node:assert/strict';
import {
  ArgumentReader,
  BadCharsetError,
  CommandFramer,
  decodeImapMark,
  decodeModifiedUtf7,
  encodeModifiedUtf7,
  type FrameEvent,
  ImapClientScanner,
  ImapSyntaxError,
} from '#protocol/imap';
import { BAD, GOOD, PARSERS } from '../../../libs/protocol/imap/parse-cases.test.ts';
import { cut, heap, mutated, pick, tolerating } from '../inputs.ts';
import type { FuzzTarget } from '../target.ts';

const SEEDS = [...GOOD, ...BAD].map(([, text]) => Buffer.from(text, 'latin1'));
const PIECES = [
  '(',
  ')',
  '"',
  '{3}\r\n',
  ' ',
  '\\',
  '*',
  ':',
  ',',
  '[',
  ']',
  '<',
  '>',
  '\0',
  '\xff',
  '1',
  '.',
  '~',
  'NIL',
];
const COMMANDS = [
  ...['a NOOP', 'b X ', 'IDLE', 'c AUTHENTICATE PLAIN', 'UID ', '{3+}', '{2}', '{0+}', '~{1+}', '}', '{'],
  ...['\r\n', '\r\n', '\r\n', '\n', '\r', 'xyz', 'ab', '"q"', '\0', ' ', 'DONE'],
];

export const IMAP_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'imap arguments',
    check(random) {
      const bytes = mutated(random, pick(random, SEEDS), PIECES);
      for (const parse of Object.values(PARSERS))
        tolerating([ImapSyntaxError, BadCharsetError], () => parse(new ArgumentReader(bytes)));
    },
  },
  {
    name: 'imap commands',
    check(random) {
      const bytes = heap(random, COMMANDS, 24);
      const framer = new CommandFramer();
      const scanner = new ImapClientScanner();
      let framed = 0;
      let scanned = 0;
      for (const chunk of cut(random, bytes)) {
        framer.push(Buffer.from(chunk));
        for (let event = framer.next(); event && event.kind !== 'overrun'; event = framer.next())
          framed += take(framer, event);
        scanner.scan(chunk, ({ kind }) => {
          if (kind === 'command') scanned++;
        });
      }
      // IDLE is the session's to tell the framer of, and a refused synchronizing literal the server's to tell the scanner.
      const isTheirs = /IDLE|(?:^|[^\r])\n/i.test(bytes.toString('latin1'));
      if (!isTheirs) assert.equal(scanned, framed, 'commands end at the same places');
    },
  },
  {
    name: 'imap names and marks',
    check(random) {
      const text = heap(random, ['&', '-', 'AGE', 'a', '&AGE-', 'é', ',', '/', '&-', '&2D3eAA-', '\0'], 12).toString(
        'utf8',
      );
      const name = decodeModifiedUtf7(text);
      // What decodes is written back as it was: two wire names never mean one mailbox.
      if (name !== null) assert.equal(encodeModifiedUtf7(name), text);
      const mark = mutated(
        random,
        Buffer.from('[1,["CONDSTORE"],[7,false,1,9,2,3,[1,2],"4:5",null],null,"1:3",null]'),
        PIECES,
      );
      tolerating([RangeError, SyntaxError, TypeError], () => decodeImapMark(mark));
    },
  },
];

function take(framer: CommandFramer, event: FrameEvent): number {
  if (event.kind === 'literal') framer.acceptLiteral('argument');
  return event.kind === 'command' || event.kind === 'fault' ? 1 : 0;
}
