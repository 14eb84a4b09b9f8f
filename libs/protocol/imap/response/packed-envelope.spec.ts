import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Address, type Envelope, packEnvelope } from '#protocol/message';
import { seededRandom } from '#stdx';
import { formatEnvelope } from './envelope.ts';
import { formatPackedEnvelope } from './packed-envelope.ts';
import { formatString, formatUtf8String } from './strings.ts';

const PLAIN = ['', 'a', 'null', '0', 'two words', '[x], (y)', '=?utf-8?q?x?='];
const ODD = ['say "x"', 'a\\b', 'grüße', 'tab\there', 'x'.repeat(1_000), 'x'.repeat(1_001), '\x7f'];

describe('ENVELOPE of a packed envelope', () => {
  const random = seededRandom(5);
  const one = <T>(list: readonly T[]): T => list[Math.floor(random.fraction() * list.length)]!;
  const made = (texts: readonly string[]): Envelope => {
    const text = (): string | null => (random.fraction() < 0.3 ? null : one(texts));
    const address = (): Address => ({
      ...{ name: text(), mailbox: text(), host: text() },
      ...(random.fraction() < 0.2 ? { rawName: one(texts) } : {}),
    });
    const addresses = (): Address[] => Array.from({ length: Math.floor(random.fraction() * 3) }, address);
    const subject = text();
    return {
      ...{ date: text(), sentAt: random.fraction() < 0.3 ? null : 1_700_000_000_000, subject },
      rawSubject: random.fraction() < 0.6 ? subject : text(),
      ...{ from: addresses(), sender: addresses(), replyTo: addresses(), to: addresses(), cc: addresses() },
      ...{ bcc: addresses(), inReplyTo: text(), messageId: text(), references: PLAIN.slice(0, one([0, 1, 2])) },
    };
  };
  for (const [name, texts] of [
    ['plain texts', PLAIN],
    ['texts JSON and IMAP quote differently, long ones and others', [...PLAIN, ...ODD]],
  ] as const)
    for (const [encoding, format] of [
      ['seven bits', formatString],
      ['UTF-8', formatUtf8String],
    ] as const)
      it(`is the same as of the envelope: ${name}, ${encoding}`, () => {
        for (let i = 0; i < 3_000; i++) {
          const envelope = made(texts);
          assert.equal(formatPackedEnvelope(packEnvelope(envelope), format), formatEnvelope(envelope, format));
        }
      });
});
