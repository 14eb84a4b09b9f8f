import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { saslPrep } from './sasl-prep.ts';

describe('saslPrep', () => {
  // RFC 4013 §3, then RFC 3454 §6's examples and neighbours.
  const rows: [text: string, prepared: string | null][] = [
    ['I\u00adX', 'IX'],
    ['user', 'user'],
    ['USER', 'USER'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['\u0007', null],
    ['\u0627\u0031', null],
    ['\u0627\u0031\u0628', '\u0627\u0031\u0628'],
    ['a\u0627', null],
    ['a\u00a0b', 'a b'],
    ['e\u0301', '\u00e9'],
    ['\ue000', null],
    ['\ud800', null],
    ['\u{e0041}', null],
    ['🐦', '🐦'],
    ['', ''],
  ];
  for (const [text, prepared] of rows) {
    it(JSON.stringify(text), () => assert.equal(saslPrep(text), prepared));
  }
});
