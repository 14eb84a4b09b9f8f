import { unreachable } from '#stdx';
import type { MessageFilter } from './filter.ts';
import type { MessageText } from './message-text.ts';
import type { MessageSummary } from './model.ts';
import { inRanges, normalRanges } from './ranges.ts';

/** What a filter asks of a message without opening it. Times in milliseconds since the epoch. */
export interface MatchableMessage extends Pick<MessageSummary, 'uid' | 'modSeq' | 'keywords'> {
  readonly size: number;
  readonly internalDate: number;
  readonly savedDate: number;
  /** From the Date field; `null` when absent or unreadable. */
  readonly sentAt: number | null;
}

/** The form in which texts are compared: a stand-in for i;unicode-casemap (RFC 5051), NFKC and lower case. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/**
 * The form in which a search looks for one text in another: as `foldText`, and without the accents of Latin, Greek and Cyrillic.
 * Letters that i;unicode-casemap (RFC 5051 §2) takes for one are one: both Greek sigmas, the Turkish i with and without its dot.
 * The ß is none of these: it stays itself. Well-formed.
 */
export function foldForSearch(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  const letters = text.toWellFormed().normalize('NFKD').replace(ACCENTS, '');
  return foldText(letters).replace(ODD_CASES, (letter) => (letter === 'ς' ? 'σ' : 'i'));
}

const ASCII = /^[\x00-\x7f]*$/;
const ACCENTS = /[\u0300-\u036f]/g;
const ODD_CASES = /[ςı]/g;

/** The filter as the functions below want it: uid ranges sorted and merged, keywords in lower case. */
export function normalFilter(filter: MessageFilter): MessageFilter {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, of: filter.of.map(normalFilter) };
    case 'not':
      return { kind: 'not', of: normalFilter(filter.of) };
    case 'uids':
      return { kind: 'uids', ranges: normalRanges(filter.ranges) };
    case 'keyword':
      return { kind: 'keyword', keyword: filter.keyword.toLowerCase() };
    default:
      return filter;
  }
}

/** Whether deciding the filter may need the message's text. */
export function needsText(filter: MessageFilter): boolean {
  switch (filter.kind) {
    case 'header':
    case 'body':
    case 'text':
      return true;
    case 'and':
    case 'or':
      return filter.of.some(needsText);
    case 'not':
      return needsText(filter.of);
    default:
      return false;
  }
}

/** What looks into a message's text. */
export type TextFilter = Extract<MessageFilter, { readonly kind: 'header' | 'body' | 'text' }>;

/**
 * Decides a `normalFilter` without the text where that is possible; `undefined` = ask `matchesText`. `known` says what an index of
 * texts knows.
 */
export function matchesIndex(
  filter: MessageFilter,
  message: MatchableMessage,
  known: (filter: TextFilter) => boolean | undefined = () => undefined,
): boolean | undefined {
  switch (filter.kind) {
    case 'and':
      return allOf(filter.of.map((part) => matchesIndex(part, message, known)));
    case 'or':
      return negate(allOf(filter.of.map((part) => negate(matchesIndex(part, message, known)))));
    case 'not':
      return negate(matchesIndex(filter.of, message, known));
    case 'header':
    case 'body':
    case 'text':
      return known(filter);
    case 'all':
      return true;
    case 'uids':
      return inRanges(filter.ranges, message.uid);
    case 'keyword':
      return message.keywords.includes(filter.keyword);
    case 'uidFrom':
      return message.uid >= filter.uid;
    case 'sizeOver':
      return message.size > filter.bytes;
    case 'sizeUnder':
      return message.size < filter.bytes;
    case 'modSeqFrom':
      return message.modSeq >= filter.modSeq;
    case 'date': {
      const at = filter.field === 'sentAt' ? (message.sentAt ?? message.internalDate) : message[filter.field];
      return at >= (filter.from ?? -Infinity) && at < (filter.to ?? Infinity);
    }
    default:
      return unreachable(filter);
  }
}

/** Decides with the text at hand, opening it only where the index does not settle the matter. */
export async function matchesText(
  filter: MessageFilter,
  message: MatchableMessage,
  text: MessageText,
): Promise<boolean> {
  const known = matchesIndex(filter, message);
  if (known !== undefined) return known;
  switch (filter.kind) {
    case 'and':
      for (const part of filter.of) if (!(await matchesText(part, message, text))) return false;
      return true;
    case 'or':
      for (const part of filter.of) if (await matchesText(part, message, text)) return true;
      return false;
    case 'not':
      return !(await matchesText(filter.of, message, text));
    case 'header':
      return anyContains(await text.header(filter.field), filter.text);
    case 'body':
      return anyContains(await text.body(), filter.text);
    case 'text':
      return (
        anyContains(
          (await text.fields()).map(({ value }) => value),
          filter.text,
        ) || anyContains(await text.body(), filter.text)
      );
    default:
      throw new Error(`${filter.kind} is decided by the index`);
  }
}

function anyContains(pieces: Iterable<string>, text: string): boolean {
  const wanted = foldForSearch(text);
  for (const piece of pieces) if (foldForSearch(piece).includes(wanted)) return true;
  return false;
}

function allOf(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(false)) return false;
  return answers.includes(undefined) ? undefined : true;
}

function negate(answer: boolean | undefined): boolean | undefined {
  return answer === undefined ? undefined : !answer;
}
