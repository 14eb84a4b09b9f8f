import { type BodyPart, decodedText, decodeTransferAll, eachPart, textOf, textParts } from '#protocol/message';
import { asBuffer } from '#stdx';
import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';
import type { Run } from '../run.ts';

/** Encoded bytes of one part that are looked at: longer ones are data. As the store's search does. */
const PART_BYTES_MAX = 4_194_304;

export const body: TestDefinition = {
  name: 'body',
  rfc: 'RFC 5173 §4',
  requires: 'body',
  arguments: {
    tags: {
      ...MATCH_TAGS,
      raw: { group: 'transform' },
      content: { group: 'transform', value: 'strings' },
      text: { group: 'transform' },
    },
    positional: ['strings'],
  },
  check: (bound, checking) => checkMatch(bound, checking, 0),
  *run(run, bound) {
    const { arguments: args } = bound;
    run.bytes ??= asBuffer((yield { ask: 'bytes' }) as Uint8Array);
    const types = args.tagStrings('content');
    const values = args.has('raw')
      ? [rawBody(run, run.bytes)]
      : types
        ? contentOf(run, run.bytes, run.texts(types))
        : [
            textParts(run.message.body)
              .map((part) => textOf(bytesOf(run.bytes!, part), part))
              .join('\n'),
          ];
    run.spend(values.reduce((sum, value) => sum + value.length, 0) / 16);
    return matchAny(run, bound, values, run.texts(args.strings(0)), { keepsVariables: true });
  },
};

const bytesOf = (bytes: Buffer, part: BodyPart): Buffer =>
  bytes.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + PART_BYTES_MAX));

/** RFC 5173 §5.1: the body undecoded, in one piece. */
const rawBody = ({ message }: Run, bytes: Buffer): string => bytesOf(bytes, message.body).toString('latin1');

/** RFC 5173 §5.2: each part of those types, decoded. `text` means every subtype, `` every part. */
function contentOf({ message }: Run, bytes: Buffer, types: readonly string[]): readonly string[] {
  const wanted = types.map((type) => type.toLowerCase());
  const values: string[] = [];
  for (const { part } of eachPart(message.body)) {
    const { type, subtype } = part;
    if (!wanted.some((each) => each === '' || each === type || each === `${type}/${subtype}`)) continue;
    if (part.parts) values.push(...aroundParts(bytes, part));
    else if (part.message)
      values.push(bytes.toString('utf8', part.message.body.headerStart, part.message.body.bodyStart));
    else if (type === 'text') values.push(decodedText(bytesOf(bytes, part), part));
    else values.push(asBuffer(decodeTransferAll(part.encoding, bytesOf(bytes, part))).toString('utf8'));
  }
  return values;
}

/** RFC 5173 §5.2: of a multipart, what stands before its first part and after its last. */
function aroundParts(bytes: Buffer, { parts = [], bodyStart, end }: BodyPart): readonly string[] {
  const [first, last] = [parts[0]?.headerStart ?? end, parts.at(-1)?.end ?? end];
  return [bytes.toString('utf8', bodyStart, first), bytes.toString('utf8', last, end)];
}
