import { type BodyPart, decodedText, decodeTransferAll, eachPart, textOf, textParts } from '#protocol/message';
import { asBuffer } from '#stdx';
import type { TestDefinition } from '../definition.ts';
import { checkMatch, MATCH_TAGS, matchAny } from '../matching/match.ts';
import type { Asking } from '../question.ts';
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
    const values: string[] = [];
    if (args.has('raw')) values.push(rawBody(run, run.bytes));
    else if (types)
      yield* each(run, contentParts(run, run.texts(types)), (part) => values.push(...contentOf(run.bytes!, part)));
    else {
      const texts: string[] = [];
      yield* each(run, textParts(run.message.body), (part) => texts.push(textOf(bytesOf(run.bytes!, part), part)));
      values.push(texts.join('\n'));
    }
    return yield* matchAny(run, bound, values, run.texts(args.strings(0)), { keepsVariables: true });
  },
};

/** Bytes of a part that are read for a step's worth of work. */
const BYTES_A_STEP = 32;

/** Reads parts, with pauses between them. */
function* each(run: Run, parts: readonly BodyPart[], read: (part: BodyPart) => void): Asking<void> {
  for (const part of parts) {
    read(part);
    run.spend((part.end - part.bodyStart) / BYTES_A_STEP);
    yield* run.pauseIfDue();
  }
}

const bytesOf = (bytes: Buffer, part: BodyPart): Buffer =>
  bytes.subarray(part.bodyStart, Math.min(part.end, part.bodyStart + PART_BYTES_MAX));

/** RFC 5173 §5.1: the body undecoded, in one piece. */
const rawBody = ({ message }: Run, bytes: Buffer): string => bytesOf(bytes, message.body).toString('latin1');

/** RFC 5173 §5.2: parts of those types. `text` means every subtype, `` every part. */
function contentParts({ message }: Run, types: readonly string[]): readonly BodyPart[] {
  const wanted = types.map((type) => type.toLowerCase());
  const isWanted = ({ type, subtype }: BodyPart): boolean =>
    wanted.some((each) => each === '' || each === type || each === `${type}/${subtype}`);
  return [...eachPart(message.body)].map(({ part }) => part).filter(isWanted);
}

/** A part's content, decoded. */
function contentOf(bytes: Buffer, part: BodyPart): readonly string[] {
  if (part.parts) return aroundParts(bytes, part);
  if (part.message) return [bytes.toString('utf8', part.message.body.headerStart, part.message.body.bodyStart)];
  if (part.type === 'text') return [decodedText(bytesOf(bytes, part), part)];
  return [asBuffer(decodeTransferAll(part.encoding, bytesOf(bytes, part))).toString('utf8')];
}

/** RFC 5173 §5.2: of a multipart, what stands before its first part and after its last. */
function aroundParts(bytes: Buffer, { parts = [], bodyStart, end }: BodyPart): readonly string[] {
  const [first, last] = [parts[0]?.headerStart ?? end, parts.at(-1)?.end ?? end];
  return [bytes.toString('utf8', bodyStart, first), bytes.toString('utf8', last, end)];
}
