import type { Invocation, Option, Output } from '../command.ts';
import { UnreachableError, UsageError } from '../failure.ts';
import type { Step } from '../progress.ts';
import { parseBytes } from '../table.ts';

/** Nothing to send in a part of a request. */
export const NONE = { params: {}, query: undefined, body: undefined };

export const IN: Option = { type: 'value', value: 'CLUSTER', summary: 'which cluster, when there are several' };
export const LIMIT: Option = { type: 'value', value: 'N', summary: 'at most so many' };
export const PARTNER: Option = { type: 'value', value: 'PARTNER', summary: 'slug or id' };

/** What was given of several optional values, under the API's names. */
export function given<T extends object>(values: { [Key in keyof T]: T[Key] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

export function limitOf({ values }: Invocation): number | undefined {
  return numberOf('limit', values['limit'], 1);
}

export function numberOf(name: string, text: string | undefined, least = 0): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value < least)
    throw new UsageError(`--${name}: not a number of ${least} or more: ${text}`);
  return value;
}

export function quotaOf({ values }: Invocation): number | undefined {
  const text = values['quota'];
  if (text === undefined) return undefined;
  const bytes = text === 'none' ? 0 : parseBytes(text);
  if (bytes === undefined) throw new UsageError(`--quota: not a size: ${text} (for example 2GB, 512MiB, none)`);
  return bytes;
}

/** One of a few words. */
export function wordOf<const Word extends string>(
  name: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  if (text === undefined) return undefined;
  const word = words.find((each) => each === text);
  if (word === undefined) throw new UsageError(`--${name}: one of ${words.join(', ')}, not ${text}`);
  return word;
}

/** A change that changes nothing is a slip. */
export function requireChange<T extends object>(change: T): T {
  if (Object.keys(change).length === 0) throw new UsageError('Say what to change; see --help.');
  return change;
}

export const done = (text: string): Output => ({ json: { ok: true }, text });

const ASK_EVERY_MS = 200;
/** A wish may wait for a node to come back; a terminal need not. */
const WAIT_MS_MAX = 600_000;

/** What is left: in words, and where it can be measured how far it is. */
export type Left = string | { readonly line: string; readonly step: Step };

/** With `--wait`: asks until nothing is left (`undefined`), saying each time something else is. Work that gets on is waited for however long it takes. */
export async function waiting(
  { flags, progress }: Pick<Invocation, 'flags' | 'progress'>,
  left: () => Promise<Left | undefined>,
): Promise<void> {
  if (!flags.has('wait')) return;
  let until = performance.now() + WAIT_MS_MAX;
  for (let said = ''; ; ) {
    const found = await left();
    if (found === undefined) return;
    const line = typeof found === 'string' ? found : found.line;
    const news = line === said ? undefined : line;
    if (typeof found !== 'string') progress.show(found.step, news);
    else if (news !== undefined) progress.say(news);
    if (news !== undefined) until = performance.now() + WAIT_MS_MAX;
    said = line;
    if (performance.now() > until)
      throw new UnreachableError(`not done within ${WAIT_MS_MAX / 60_000} minutes: ${line}`);
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
}
