import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Random, seededRandom } from '#stdx';
import type { Address, BodyPart, Envelope } from './model.ts';
import { packBody, packEnvelope, unpackBody, unpackEnvelope, unpackSubject, unpackThreading } from './packed.ts';

/** Values of every shape the types allow. */
class Generator {
  constructor(private readonly random: Random) {}

  envelope(): Envelope {
    const subject = this.maybe(() => this.text());
    return {
      ...{ date: this.maybe(() => this.text()), sentAt: this.maybe(() => this.number()), subject },
      rawSubject: this.chance(0.5) ? subject : this.maybe(() => this.text()),
      ...{ from: this.addresses(), sender: this.addresses(), replyTo: this.addresses(), to: this.addresses() },
      ...{ cc: this.addresses(), bcc: this.addresses(), inReplyTo: this.maybe(() => this.text()) },
      ...{ messageId: this.maybe(() => this.text()), references: this.list(() => this.text()) },
    };
  }

  body(depth = 0): BodyPart {
    const record = (): Record<string, string> =>
      Object.fromEntries(this.list(() => [this.text(), this.text()] as const));
    const text = (): string | null => this.maybe(() => this.text());
    return {
      ...{ type: this.text(), subtype: this.text(), parameters: record(), contentId: text(), description: text() },
      ...{ encoding: this.text(), disposition: this.maybe(() => ({ type: this.text(), parameters: record() })) },
      ...{ language: this.list(() => this.text()), location: text(), md5: text() },
      ...{ headerStart: this.number(), bodyStart: this.number(), end: this.number(), lines: this.number() },
      ...(depth < 3 && this.chance(0.4) ? { parts: this.list(() => this.body(depth + 1)) } : {}),
      ...(depth < 3 && this.chance(0.2) ? { message: { envelope: this.envelope(), body: this.body(depth + 1) } } : {}),
    };
  }

  private addresses(): readonly Address[] {
    return this.list(() => ({
      ...{
        name: this.maybe(() => this.text()),
        mailbox: this.maybe(() => this.text()),
        host: this.maybe(() => this.text()),
      },
      ...(this.chance(0.2) ? { rawName: this.text() } : {}),
    }));
  }

  private text(): string {
    return ['', 'a', '0', 'null', 'Grüße "x" \\', '\u0000\uffff', '日本語'][Math.floor(this.random.fraction() * 7)]!;
  }

  private number(): number {
    return [0, 1, -1, 1_700_000_000_000][Math.floor(this.random.fraction() * 4)]!;
  }

  private list<T>(make: () => T): T[] {
    return Array.from({ length: Math.floor(this.random.fraction() * 4) }, make);
  }

  private maybe<T>(make: () => T): T | null {
    return this.chance(0.5) ? make() : null;
  }

  private chance(share: number): boolean {
    return this.random.fraction() < share;
  }
}

describe('packed envelopes and body structures', () => {
  it('gives back what it was given', () => {
    const generator = new Generator(seededRandom(1));
    for (let i = 0; i < 3_000; i++) {
      const envelope = generator.envelope();
      const packed = packEnvelope(envelope);
      assert.deepEqual(unpackEnvelope(packed), envelope);
      const { subject, messageId, inReplyTo, references } = envelope;
      assert.equal(unpackSubject(packed), subject);
      assert.deepEqual(unpackThreading(packed), { subject, messageId, inReplyTo, references });
      const body = generator.body();
      assert.deepEqual(unpackBody(packBody(body)), body);
    }
  });
});
