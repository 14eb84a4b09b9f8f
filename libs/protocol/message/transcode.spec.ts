import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ByteStream, collect, seededRandom } from '#stdx';
import { chunks, fuzzMessage } from './fuzz-input.ts';
import { parseMessage } from './message-parser.ts';
import { findPart } from './sections.ts';
import { hasBinaryPart, withoutBinary } from './transcode.ts';
import { decodeTransferAll } from './transfer.ts';

const random = seededRandom(3);

async function* pieces(bytes: Buffer): ByteStream {
  yield* chunks(bytes, random);
}

const rewritten = async (bytes: Buffer): Promise<Buffer> =>
  collect(withoutBinary(pieces(bytes), parseMessage(bytes).body), 10 * bytes.length + 10_000);

const text = (...lines: string[]): string => lines.join('\r\n');
const BINARY = 'Content-Transfer-Encoding: binary';

describe('a message without the binary encoding', () => {
  it('a part in base64 holds the same bytes', async () => {
    for (const size of [0, 1, 57, 58, 200_000]) {
      const payload = random.bytes(size);
      const message = Buffer.concat([Buffer.from(text('Subject: x', `${BINARY}`, 'X-Last: y', '', '')), payload]);
      const out = await rewritten(message);
      const { body } = parseMessage(out);
      assert.equal(body.encoding, 'base64');
      assert.ok(decodeTransferAll('base64', out.subarray(body.bodyStart, body.end)).equals(payload), `${size} bytes`);
      assert.equal(
        out.subarray(0, body.bodyStart).toString().replace('base64', 'binary'),
        text('Subject: x', BINARY, 'X-Last: y', '', ''),
      );
      assert.ok(
        out
          .toString('latin1')
          .split('\r\n')
          .every((line) => line.length <= 76),
      );
    }
  });

  it('parts within parts, and the messages they hold', async () => {
    const message = Buffer.from(
      text(
        ...['Content-Type: multipart/mixed; boundary=b', BINARY, '', '--b', BINARY, '', 'a\0b', '--b'],
        ...[
          'Content-Type: message/rfc822',
          BINARY,
          '',
          'Subject: inner',
          BINARY,
          '',
          '\0\0',
          '--b',
          '',
          'plain',
          '--b--',
          '',
        ],
      ),
      'latin1',
    );
    const out = await rewritten(message);
    const { body } = parseMessage(out);
    assert.equal(out.includes(0), false);
    assert.equal(hasBinaryPart(body), false);
    assert.deepEqual(
      ['1', '2', '3'].map((section) => findPart(body, section)?.encoding),
      ['base64', '8bit', '7bit'],
    );
    const inner = findPart(body, '2.1')!;
    assert.deepEqual(decodeTransferAll('base64', out.subarray(inner.bodyStart, inner.end)), Buffer.from('\0\0'));
  });

  it('what is not binary stays byte for byte', async () => {
    for (let round = 0; round < 300; round++) {
      const message = fuzzMessage(random);
      const { body } = parseMessage(message);
      const out = await rewritten(message);
      if (!hasBinaryPart(body)) assert.ok(out.equals(message), message.toString('latin1'));
    }
  });
});
