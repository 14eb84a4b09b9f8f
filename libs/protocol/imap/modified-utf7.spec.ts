import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';

describe('modified UTF-7', () => {
  for (const [name, encoded] of [
    ['INBOX', 'INBOX'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['A&B', 'A&-B'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['😀', '&2D3eAA-'],
    ['tab\there', 'tab&AAk-here'],
    ['&&', '&-&-'],
  ] as const)
    it(`${name} is ${encoded}`, () => {
      assert.equal(encodeModifiedUtf7(name), encoded);
      assert.equal(decodeModifiedUtf7(encoded), name);
    });

  for (const bad of [
    '&',
    'a&b',
    '&AP',
    '&APw',
    '&AP/w-',
    '&APw=-',
    '&A-',
    '&AGE-',
    'ü',
    '&2D0-',
    '&APx-',
    '&APwA-',
    '&APw-&APw-',
    '&AAk-&AAk-',
  ])
    it(`refuses ${bad}`, () => assert.equal(decodeModifiedUtf7(bad), null));

  it('gives back whatever it is given', () => {
    const random = seededRandom(3);
    for (let i = 0; i < 5_000; i++) {
      let name = '';
      for (let n = 0; n < 8; n++)
        name += String.fromCodePoint(
          [0x20, 0x26, 0xe0, 0x4e00, 0x1f600, 0x2d][n % 6]! + Math.floor(random.fraction() * 90),
        );
      assert.equal(decodeModifiedUtf7(encodeModifiedUtf7(name)), name);
    }
  });
});
