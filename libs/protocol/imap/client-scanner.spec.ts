import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ImapClientScanner, type ScanEvent } from './client-scanner.ts';

function scan(input: string, size = 1_000_000): string[] {
  const scanner = new ImapClientScanner();
  const bytes = Buffer.from(input, 'latin1');
  const out: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    scanner.scan(chunk, (event: ScanEvent) => out.push(`${event.kind} ${event.tag} ${event.name} @${at + event.at}`));
  }
  return out;
}

const CASES: readonly [name: string, input: string, expected: string[]][] = [
  ['commands', 'a1 noop\r\nb2 UID fetch 1 FLAGS\r\n', ['command a1 NOOP @9', 'command b2 UID @31']],
  [
    'literals of both kinds',
    'a LOGIN {3}\r\nx\r\n {2+}\r\n\r\n\r\nb NOOP\r\n',
    ['literal a LOGIN @13', 'literal a LOGIN @23', 'command a LOGIN @27', 'command b NOOP @35'],
  ],
  ['an empty literal', 'a X {0}\r\n\r\n', ['literal a X @9', 'command a X @11']],
  ['IDLE and its end', 'a IDLE\r\nDONE\r\nb NOOP\r\n', ['idle a IDLE @8', 'done a IDLE @14', 'command b NOOP @22']],
  ['what is no command', '\r\n \r\nx\r\n', ['command   @2', 'command   @5', 'command x  @8']],
];

describe('ImapClientScanner', () => {
  for (const [name, input, expected] of CASES) {
    it(name, () => {
      for (const size of [1_000_000, 1, 2, 5]) assert.deepEqual(scan(input, size), expected);
    });
  }

  it('knows what is open', () => {
    const scanner = new ImapClientScanner();
    assert.equal(scanner.open, false);
    scanner.scan(Buffer.from('a1 FET'), () => {});
    assert.equal(scanner.open, true);
    scanner.scan(Buffer.from('CH 1 {5}\r\n'), () => {});
    assert.deepEqual([scanner.open, scanner.openTag, scanner.openName], [true, 'a1', 'FETCH']);
    scanner.commandAnswered();
    assert.equal(scanner.open, false);
    const events: ScanEvent[] = [];
    scanner.scan(Buffer.from('b IDLE\r\n'), (event) => events.push(event));
    assert.equal(scanner.idling, true);
    scanner.scan(Buffer.from('DONE\r\n'), (event) => events.push(event));
    assert.deepEqual([scanner.open, scanner.idling, events.map(({ kind }) => kind)], [false, false, ['idle', 'done']]);
  });

  it('takes SASL answers for what they are', () => {
    const scanner = new ImapClientScanner();
    const kinds: string[] = [];
    const note = (event: ScanEvent): void => void kinds.push(event.kind);
    scanner.scan(Buffer.from('a AUTHENTICATE PLAIN\r\n'), note);
    scanner.expectContinuation();
    scanner.scan(Buffer.from('AGEAYg==\r\nb NOOP\r\n'), note);
    assert.deepEqual(kinds, ['command', 'continuation', 'command']);
  });
});
