import { decodeEntities } from './html-entities.ts';

/** Elements whose content nobody reads. */
const HIDDEN = new Set(['script', 'style', 'head', 'title', 'template', 'noscript', 'object', 'svg']);

/** Elements that begin and end a line. */
const BLOCK = new Set(
  'address article aside blockquote body br center dd div dl dt figure footer form h1 h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tr ul'.split(
    ' ',
  ),
);

/** Elements that keep their neighbours' words apart. */
const SPACED = new Set(['td', 'th', 'img', 'option', 'button']);

/** Bounds of `htmlToText`. */
export interface HtmlTextLimits {
  /** Stop once this many characters came out. Default 1,048,576. */
  readonly charactersMax?: number;
}

/**
 * The words of an HTML document: tags, comments, scripts and styles removed, blocks on lines of their own, blanks collapsed,
 * character references decoded. For searching and previews, never for display as HTML. Linear in its input; never throws.
 */
export function htmlToText(html: string, limits: HtmlTextLimits = {}): string {
  const charactersMax = limits.charactersMax ?? 1_048_576;
  const out: string[] = [];
  let length = 0;
  let at = 0;
  // Once a closing quote is missing it is missing for all that follows: no second search.
  const seen = { quotesClose: true };
  const add = (text: string): void => {
    if (text === '') return;
    out.push(text);
    length += text.length;
  };
  while (at < html.length && length < charactersMax) {
    const open = html.indexOf('<', at);
    const textEnd = Math.min(open < 0 ? html.length : open, at + 4 * (charactersMax - length) + 64);
    if (textEnd > at) add(decodeEntities(html.slice(at, textEnd)).replace(/[\s\0]{2,}|[^\S ]|\0/g, ' '));
    if (open < 0 || textEnd < open) break;
    const next = html.charCodeAt(open + 1);
    if (next === 0x21 || next === 0x3f) {
      at = skipDeclaration(html, open);
    } else if (next === 0x2f || isLetter(next)) {
      const name = tagName(html, next === 0x2f ? open + 2 : open + 1);
      at = tagEnd(html, open, seen);
      if (BLOCK.has(name)) add('\n');
      else if (SPACED.has(name)) add(' ');
      if (next !== 0x2f && HIDDEN.has(name)) at = skipHidden(html, at, name);
    } else {
      add('<');
      at = open + 1;
    }
  }
  return tidy(out.join('')).slice(0, charactersMax);
}

/** One blank between words, one line end between blocks. */
function tidy(text: string): string {
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const words = line.replace(/ {2,}/g, ' ').trim();
    if (words !== '') lines.push(words);
  }
  return lines.join('\n');
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

function tagName(html: string, from: number): string {
  let end = from;
  while (end - from < 16 && (isLetter(html.charCodeAt(end)) || isDigit(html.charCodeAt(end)))) end++;
  return html.slice(from, end).toLowerCase();
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Past a comment, doctype or processing instruction; a comment without end hides the rest, as in browsers. */
function skipDeclaration(html: string, open: number): number {
  if (html.startsWith('<!--', open)) {
    const close = html.indexOf('-->', open + 2);
    return close < 0 ? html.length : close + 3;
  }
  const close = html.indexOf('>', open);
  return close < 0 ? html.length : close + 1;
}

/** Past the > of a tag, quoted attribute values respected. */
function tagEnd(html: string, open: number, seen: { quotesClose: boolean }): number {
  let at = open + 1;
  while (seen.quotesClose) {
    const close = html.indexOf('>', at);
    if (close < 0) return html.length;
    const quote = firstQuote(html, at, close);
    if (quote < 0) return close + 1;
    const end = html.indexOf(html[quote]!, quote + 1);
    if (end < 0) seen.quotesClose = false;
    at = end + 1;
  }
  const close = html.indexOf('>', open);
  return close < 0 ? html.length : close + 1;
}

/** A quote that follows an =, as one in a bare value or after a value opens nothing. */
function firstQuote(html: string, from: number, to: number): number {
  for (let i = from; i < to; i++) {
    const code = html.charCodeAt(i);
    if ((code === 0x22 || code === 0x27) && followsEquals(html, i, from)) return i;
  }
  return -1;
}

function followsEquals(html: string, at: number, from: number): boolean {
  let i = at - 1;
  while (i >= from && html.charCodeAt(i) === 0x20) i--;
  return i >= from && html.charCodeAt(i) === 0x3d;
}

/** Past the element's end tag; without one, past everything. */
function skipHidden(html: string, from: number, name: string): number {
  for (let at = html.indexOf('</', from); at >= 0; at = html.indexOf('</', at + 2)) {
    if (tagName(html, at + 2) === name) {
      const close = html.indexOf('>', at);
      return close < 0 ? html.length : close + 1;
    }
  }
  return html.length;
}
