import assert from 'node:assert/strict';
import type { Random } from '#stdx';
import { formatAddressList } from './address-format.ts';
import { parseAddressList } from './address-list.ts';
import { decodeCharset } from './charset.ts';
import { formatDate, parseDate } from './date.ts';
import { chunks, fuzzMessage, fuzzText, mutate, pick } from './fuzz-input.ts';
import { parseHeaderFields } from './header-block.ts';
import { decodeHeaderField } from './header-text.ts';
import { encodeHeaderText, headerField } from './header-write.ts';
import { htmlToText } from './html-text.ts';
import { messageIds } from './message-id.ts';
import { messageParser, parseMessage } from './message-parser.ts';
import type { Address } from './model.ts';
import { parseParameterized } from './parameters.ts';
import { searchableText } from './part-text.ts';
import { eachPart, findPart, sectionRange } from './sections.ts';
import { checkStructure } from './structure-check.ts';
import { baseSubject } from './subject.ts';
import { decodeTransfer, decodeTransferAll } from './transfer.ts';

/** One random input to the structure parser, made up or made of `seed`; throws when a law is broken. */
export function fuzzStructure(random: Random, seed: Buffer | null): void {
  const bytes = seed === null ? fuzzMessage(random) : mutate(seed, random);
  // Small limits now and then, so that what happens at them is seen.
  const limits =
    random.fraction() < 0.1
      ? { depthMax: 2, partsMax: 4, headerBytesMax: 60, headerBytesTotalMax: 150, addressesMax: 1 }
      : {};
  const parsed = parseMessage(bytes, limits);
  checkStructure(bytes, parsed);
  const parser = messageParser(limits);
  const reused = Buffer.alloc(400);
  for (const chunk of chunks(bytes, random)) {
    // The same memory every time: a parser that kept a view of it would notice.
    chunk.copy(reused);
    parser.push(reused.subarray(0, chunk.length));
  }
  assert.deepEqual(parser.end(), parsed, 'chunks make no difference');
  for (const { section, part } of eachPart(parsed.body)) {
    if (section === '') continue;
    assert.equal(findPart(parsed.body, section), part);
    assert.deepEqual(sectionRange(parsed.body, section.split('.').map(Number), null), {
      start: part.bodyStart,
      end: part.end,
    });
  }
  for (const text of searchableText(bytes, parsed.body)) assert.equal(typeof text, 'string');
  let from = 0;
  for (const field of parseHeaderFields(bytes)) {
    assert.ok(field.start >= from && field.valueStart > field.start && field.end >= field.valueStart);
    from = field.end;
  }
}

/** One random text to each header parser; what was written must be read back. */
export function fuzzHeaders(random: Random): void {
  const text = fuzzText(random);
  const decoded = decodeHeaderField(Buffer.from(text));
  assert.equal(/[\0\r\n]/.test(decoded), false, 'no line end or NUL comes out');
  messageIds(text);
  parseDate(text);
  parseParameterized(text);
  htmlToText(text);
  const base = baseSubject(text);
  assert.equal(baseSubject(base).length <= base.length, true);
  const plain = text.replace(/[\0-\x1f\x7f]+/g, ' ').trim();
  const written = headerField('X-Text', encodeHeaderText(plain));
  assert.ok(written.split('\r\n').every((line) => line.length <= 998));
  assert.equal(decodeHeaderField(written.slice('X-Text:'.length)), plain, 'text survives being written');
  const addresses = parseAddressList(text).map(({ rawName, ...rest }) => rest);
  const line = formatAddressList(addresses);
  const again = parseAddressList(line).map(({ rawName, ...rest }) => rest);
  assert.ok(again.length <= addresses.length, 'no address is smuggled in');
  if (addresses.every(isWritable)) assert.deepEqual(again, addresses, 'addresses survive being written');
  const at = Math.floor(random.fraction() * 4e9) * 1_000;
  assert.equal(
    parseDate(formatDate(at, Math.floor(random.fraction() * 1_440) - 720)),
    at,
    'a date survives being written',
  );
}

/** Garbage in a host cannot be quoted away; an address with neither half is none. */
function isWritable({ name, mailbox, host }: Address): boolean {
  const isHost =
    host === null || host === '' || /^(?:[^\0-\x20()<>@,;:\\"[\]\x7f]+|\[[^\0-\x20[\]\\\x7f]*\])$/.test(host);
  return isHost && (mailbox !== '' || host !== '') && (mailbox !== '' || name !== null || host !== '');
}

const LABELS = [
  'utf-8',
  'utf-7',
  'utf-16',
  'iso-2022-jp',
  'iso-2022-kr',
  'hz-gb-2312',
  'gb18030',
  'big5',
  'x',
  '',
  'cp932',
  "utf-8'en'",
  '__proto__',
];

/** One random input to the decoders of bodies. */
export function fuzzDecoders(random: Random): void {
  const bytes = random.fraction() < 0.5 ? random.bytes(Math.floor(random.fraction() * 100)) : fuzzMessage(random);
  assert.equal(typeof decodeCharset(pick(random, LABELS), bytes), 'string');
  const encoding = pick(random, ['base64', 'quoted-printable', 'x-uuencode', '8bit']);
  const whole = decodeTransferAll(encoding, bytes);
  const decoder = decodeTransfer(encoding);
  const pieces = [...chunks(bytes, random)].map((chunk) => Buffer.from(decoder.push(chunk)));
  assert.deepEqual(Buffer.concat([...pieces, decoder.end()]), whole, `chunks make no difference to ${encoding}`);
}
