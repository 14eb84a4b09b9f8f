import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One thing a dialogue says, in its order. */
export type Step =
  /** A client sends these bytes. */
  | { readonly kind: 'send'; readonly session: number; readonly bytes: Buffer; readonly line: number }
  /** A client gets these lines: in this order, or in any. */
  | {
      readonly kind: 'expect';
      readonly session: number;
      readonly patterns: readonly string[];
      readonly anyOrder: boolean;
      readonly line: number;
    };

export interface Dialogue {
  readonly file: string;
  readonly title: string;
  readonly steps: readonly Step[];
}

/**
 * Reads the dialogues of a folder's `.test` files:
 *
 *     === title            begins a dialogue; each has an account of its own
 *     # comment
 *     C: a NOOP            client 1 sends the line and CRLF; C2: is another client of the same account
 *     C!: a NOOP\n         sends exactly this, \r \n \0 \\ and \xHH meaning what they mean in JavaScript
 *     S: a OK {{.*}}       client 1 gets this line; {{…}} is a regular expression, {{name=…}} keeps what matched, {{name}} is what was kept
 *     S~: * LIST …         consecutive S~ lines may come in any order
 *     S: <end>             the server closes the connection
 */
export function readDialogues(folder: string): readonly Dialogue[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test'))
    .sort()
    .flatMap((file) => parseFile(file, readFileSync(join(folder, file), 'utf8')));
}

function parseFile(file: string, text: string): readonly Dialogue[] {
  const dialogues: { file: string; title: string; steps: Step[] }[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = index + 1;
    if (raw.trim() === '' || raw.startsWith('#')) continue;
    if (raw.startsWith('=== ')) {
      dialogues.push({ file, title: raw.slice(4), steps: [] });
      continue;
    }
    const match = /^([CS])(\d?)([!~]?):(?: (.*))?$/.exec(raw);
    const steps = dialogues.at(-1)?.steps;
    if (!match || !steps) throw new Error(`${file}:${line}: not a line of a dialogue: ${raw}`);
    const [, side, number, mode, content = ''] = match;
    const session = Number(number || '1');
    if (side === 'C') {
      const bytes = mode === '!' ? unescaped(content) : Buffer.from(`${content}\r\n`);
      steps.push({ kind: 'send', session, bytes, line });
      continue;
    }
    const anyOrder = mode === '~';
    const last = steps.at(-1);
    if (anyOrder && last?.kind === 'expect' && last.anyOrder && last.session === session)
      steps[steps.length - 1] = { ...last, patterns: [...last.patterns, content] };
    else steps.push({ kind: 'expect', session, patterns: [content], anyOrder, line });
  }
  return dialogues;
}

function unescaped(content: string): Buffer {
  const text = content.replace(/\\(?:x([0-9a-fA-F]{2})|([rn0\\]))/g, (_, hex?: string, char?: string) =>
    hex ? String.fromCharCode(Number.parseInt(hex, 16)) : { r: '\r', n: '\n', '0': '\0', '\\': '\\' }[char ?? '']!,
  );
  return Buffer.from(text, 'latin1');
}

/** Whether a line fits a pattern; what it names goes into `kept`. */
export function fits(pattern: string, line: string, kept: Map<string, string>): boolean {
  const names: string[] = [];
  const source = pattern
    .split(/(\{\{.*?\}\})/)
    .map((piece) => {
      const hole = /^\{\{(?:(\w+)=)?(.*)\}\}$/.exec(piece);
      if (!hole) return escapeRegExp(piece);
      const [, name, expression] = hole;
      if (name) {
        names.push(name);
        return `(${expression})`;
      }
      const known = kept.get(expression!);
      return known === undefined ? `(?:${expression})` : escapeRegExp(known);
    })
    .join('');
  const match = new RegExp(`^${source}$`, 's').exec(line);
  if (!match) return false;
  for (const [i, name] of names.entries()) kept.set(name, match[i + 1]!);
  return true;
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
