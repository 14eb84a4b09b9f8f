import { readFileSync } from 'node:fs';
import { UsageError } from '../failure.ts';

/** CloudEvents of a file: one object, a list, or an object a line (NDJSON); `-` is standard input. */
export function eventsOf(file: string): unknown[] {
  const text = readText(file);
  const whole = parse(text);
  if (whole.ok) return Array.isArray(whole.value) ? whole.value : [whole.value];
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const event = parse(line);
    if (event.ok) return [event.value];
    throw new UsageError(`${file}: line ${index + 1} is not JSON.`);
  });
}

/** What a file, or standard input, holds as JSON. */
export function jsonOf(file: string): unknown {
  const read = parse(readText(file));
  if (read.ok) return read.value;
  throw new UsageError(`${file} is not JSON.`);
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function parse(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false };
  }
}
