import assert from 'node:assert/strict';
import { parseMessage } from './message-parser.ts';
import type { BodyPart, ParsedMessage } from './model.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Throws unless the structure fits the bytes it was read from: what every parse must hold, for tests and fuzzing. */
export function checkStructure(bytes: Buffer, parsed: ParsedMessage): void {
  assert.equal(parsed.size, bytes.length, 'size');
  assert.equal(parsed.body.headerStart, 0, 'the root starts at 0');
  assert.equal(parsed.body.end, bytes.length, 'the root ends at the end');
  assert.ok([...parsed.preview].length <= 200, 'preview length');
  assert.equal(parsed.preview, parsed.preview.trim(), 'preview has no blanks at its ends');
  assert.deepEqual(JSON.parse(JSON.stringify(parsed)), parsed, 'survives JSON');
  checkPart(bytes, parsed.body, parsed.truncated);
}

function checkPart(bytes: Buffer, part: BodyPart, truncated: boolean): void {
  const { headerStart, bodyStart, end } = part;
  assert.ok(headerStart <= bodyStart && bodyStart <= end, `${headerStart} ≤ ${bodyStart} ≤ ${end}`);
  assert.equal(part.lines, countLines(bytes.subarray(bodyStart, end)), 'lines');
  assert.match(part.type, /^[^\s/;]+$/);
  assert.match(part.subtype, /^[^\s;]+$/);
  assert.ok(!(part.parts && part.message), 'a part is a multipart or holds a message');
  if (part.message) {
    const { body } = part.message;
    assert.deepEqual([body.headerStart, body.end], [bodyStart, end], 'an embedded message fills its part');
    checkPart(bytes, body, truncated);
  }
  let from = bodyStart;
  for (const child of part.parts ?? []) {
    assert.ok(child.headerStart >= from && child.end <= end, 'parts lie in order within their multipart');
    const delimiter = bytes
      .subarray(from, child.headerStart)
      .toString('latin1')
      .replace(/\r?\n$/, '')
      .split('\n')
      .at(-1)!;
    const boundary = Buffer.from(part.parameters['boundary']!.trimEnd()).toString('latin1');
    assert.ok(delimiter.startsWith(`--${boundary}`), 'a boundary line stands before each part');
    const isSplit = child.end > child.bodyStart && bytes[child.end - 1] === CR && bytes[child.end] === LF;
    assert.ok(!isSplit, 'the whole line end before a boundary belongs to it');
    checkPart(bytes, child, truncated);
    checkAlone(bytes, child, part, truncated);
    from = child.end;
  }
}

/** A part cut out by its offsets and read alone is the same part. A limit, or the default type of a digest's parts, may make it differ. */
function checkAlone(bytes: Buffer, part: BodyPart, parent: BodyPart, truncated: boolean): void {
  if (truncated || parent.subtype === 'digest') return;
  const alone = parseMessage(bytes.subarray(part.headerStart, part.end)).body;
  assert.deepEqual(shifted(alone, part.headerStart), part, 'a part read alone is the same');
}

function shifted(part: BodyPart, by: number): BodyPart {
  return {
    ...part,
    headerStart: part.headerStart + by,
    bodyStart: part.bodyStart + by,
    end: part.end + by,
    ...(part.parts && { parts: part.parts.map((child) => shifted(child, by)) }),
    ...(part.message && { message: { ...part.message, body: shifted(part.message.body, by) } }),
  };
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) lines++;
  return bytes.length > 0 && bytes.at(-1) !== LF ? lines + 1 : lines;
}
