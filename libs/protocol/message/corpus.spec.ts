import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import libmime from 'libmime';
import { type EmailAddress, simpleParser } from 'mailparser';
import { seededRandom } from '#stdx';
import { fuzzStructure } from './fuzz-checks.ts';
import { chunks } from './fuzz-input.ts';
import { parseHeaderFields } from './header-block.ts';
import { decodeHeaderField, unfold } from './header-text.ts';
import { messageParser, parseMessage } from './message-parser.ts';
import type { ParsedMessage } from './model.ts';
import { parseParameterized } from './parameters.ts';
import { textOf } from './part-text.ts';
import { eachPart } from './sections.ts';
import { checkStructure } from './structure-check.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const CORPUS = process.env['MESSAGE_CORPUS'] ?? join(ROOT, '../shared/corpus');
const FOLDERS = [
  join(ROOT, 'libs/protocol/message/fixtures'),
  ...['mail-parser', 'mime4j', 'ruby-mail'].map((name) => join(CORPUS, name)),
];

type Field = 'subject' | 'from' | 'text' | 'parameters';

/** Where mailparser and libmime are not followed, and why; numbers are of `eml_legacy_`. */
const DIFFERENCES: readonly [why: string, field: Field, files: readonly (string | number)[]][] = [
  [
    '8-bit characters that are not UTF-8 are windows-1252, not lost',
    'subject',
    [9, 10, 15, 16, 18, 20, 22, 23, 24, 25, 26, 27, 50, 51, 52, 'invalid_subject_characters'],
  ],
  ['the same in a text of no charset', 'text', ['mimetools-testmsgs_infinite']],
  ['UTF-7 is decoded', 'subject', [1, 5]],
  ['UTF-7 is decoded', 'text', [1, 5, 34, 52]],
  ['a tab of folding stays a tab', 'subject', ['rfc2822_example14']],
  [
    'a boundary need only begin its line (RFC 2046 §5.1.1)',
    'text',
    ['eml_malformed_004', 'ending-boundaries', 'raw_email4'],
  ],
  [
    'a boundary ends in no blanks (RFC 2046 §5.1.1)',
    'text',
    ['very-long-boundary', 'very-very-long-boundary', 'weird-boundary'],
  ],
  ['two addresses whose comma was forgotten', 'from', ['raw_email_multiple_from']],
  ['blanks before the colon of a field (RFC 5322 §4.5)', 'from', ['rfc2822_example13']],
  ['a forgotten semicolon', 'parameters', ['eml_malformed_017', 'eml_rfc_001']],
  [
    'bytes that are not of the charset are marked, not dropped',
    'parameters',
    ['attachment_with_encoded_name', 'raw_email8'],
  ],
];

function isExplained(name: string, field: Field): boolean {
  return DIFFERENCES.some(
    ([, of, files]) =>
      of === field &&
      files.some((file) =>
        typeof file === 'number' ? name === `eml_legacy_${String(file).padStart(3, '0')}.eml` : name.includes(file),
      ),
  );
}

interface Sample {
  readonly name: string;
  readonly bytes: Buffer;
}

function readFolder(folder: string): Sample[] {
  return readdirSync(folder)
    .filter((name) => /\.(eml|msg)$/.test(name))
    .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
}

const squeezed = (text: string | null | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();

function fromOf(parsed: ParsedMessage): string {
  return parsed.envelope.from
    .filter(({ mailbox, host }) => mailbox && host)
    .map(({ mailbox, host }) => `${mailbox}@${host}`)
    .join();
}

/** What mailparser calls text: inline text/plain parts. It adds embedded messages with their headers, so those messages are not compared. */
function textOfMessage(bytes: Buffer, parsed: ParsedMessage): string | null {
  const parts = [...eachPart(parsed.body)].map(({ part }) => part);
  if (parts.some((part) => part.type === 'message')) return null;
  return parts
    .filter((part) => part.type === 'text' && part.subtype === 'plain' && part.disposition?.type !== 'attachment')
    .map((part) => textOf(bytes.subarray(part.bodyStart, part.end), part))
    .join(' ');
}

/** Fields in which the message reads otherwise than mailparser has it. */
async function differences({ bytes }: Sample): Promise<Field[]> {
  const parsed = parseMessage(bytes);
  const theirs = await simpleParser(bytes, { skipImageLinks: true, skipTextToHtml: true, skipHtmlToText: true });
  const flat = (of: readonly EmailAddress[]): EmailAddress[] =>
    of.flatMap((one) => (one.group ? flat(one.group) : [one]));
  const from = flat(theirs.from?.value ?? [])
    .map(({ address }) => address)
    .filter((address) => address?.includes('@'))
    .join();
  const text = textOfMessage(bytes, parsed);
  const found: Field[] = [];
  if (squeezed(parsed.envelope.subject) !== squeezed(theirs.subject)) found.push('subject');
  if (fromOf(parsed) !== from) found.push('from');
  if (text !== null && squeezed(text) !== squeezed(theirs.text)) found.push('text');
  return found;
}

/** Header values that read otherwise than libmime has them; 8-bit and UTF-7 ones, which it does not know, left out. */
function headerDifferences({ bytes }: Sample): string[] {
  const found: string[] = [];
  for (const { part } of eachPart(parseMessage(bytes).body)) {
    const block = bytes.subarray(part.headerStart, part.bodyStart);
    for (const { name, valueStart, end } of parseHeaderFields(block)) {
      const raw = unfold(block.toString('latin1', valueStart, end));
      if (/[\x80-\xff]|utf-7/i.test(raw)) continue;
      if (squeezed(decodeHeaderField(raw)) !== squeezed(libmime.decodeWords(raw))) found.push(name);
      if (!/^content-(?:type|disposition)$/i.test(name)) continue;
      const ours = parseParameterized(raw);
      const theirs = libmime.parseHeaderValue(raw);
      const same = Object.entries(theirs.params).every(
        ([key, value]) => ours.parameters[key.toLowerCase()] === libmime.decodeWords(String(value)),
      );
      if (!same || ours.value !== String(theirs.value).toLowerCase()) found.push('parameters');
    }
  }
  return found;
}

for (const folder of FOLDERS) {
  const samples = existsSync(folder) ? readFolder(folder) : [];
  const skip = samples.length === 0 && `no corpus at ${folder}: set MESSAGE_CORPUS to one`;
  describe(`messages of ${folder.split('/').at(-1)}`, { skip }, () => {
    it('fit their structure, read whole or in any chunks', () => {
      const random = seededRandom(5);
      for (const { name, bytes } of samples) {
        const parsed = parseMessage(bytes);
        assert.doesNotThrow(() => checkStructure(bytes, parsed), name);
        for (let round = 0; round < 3; round++) {
          const parser = messageParser();
          for (const chunk of chunks(bytes, random)) parser.push(chunk);
          assert.deepEqual(parser.end(), parsed, name);
        }
      }
    });

    it('do so when spoiled', () => {
      for (const [index, { name, bytes }] of samples.entries()) {
        const small = bytes.subarray(0, 6_000);
        for (let round = 0; round < 3; round++) {
          assert.doesNotThrow(
            () => fuzzStructure(seededRandom(1_000 * index + round), small),
            `${name}, round ${round}`,
          );
        }
      }
    });

    it('read as mailparser reads them, but for what is explained', async () => {
      for (const sample of samples) {
        const unexplained = (await differences(sample)).filter((field) => !isExplained(sample.name, field));
        assert.deepEqual(unexplained, [], sample.name);
      }
    });

    it('have headers that read as libmime reads them, but for what is explained', () => {
      for (const sample of samples) {
        const isKnown = (field: string): boolean => field === 'parameters' && isExplained(sample.name, 'parameters');
        assert.deepEqual(
          headerDifferences(sample).filter((field) => !isKnown(field)),
          [],
          sample.name,
        );
      }
    });
  });
}
