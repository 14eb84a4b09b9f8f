/**
 * The message ids of Message-ID, In-Reply-To or References, angle brackets removed, in order (RFC 5322 §3.6.4). Phrases
 * and comments between them (§4.5.4) are skipped, as are ids with nothing in them. A text without brackets that is one
 * word with an @ counts as an id, as old mailers sent it. Blanks inside an id are removed: folding put them there.
 */
export function messageIds(text: string): string[] {
  const ids: string[] = [];
  let open = text.indexOf('<');
  if (open < 0) {
    const bare = text.trim();
    return /^[^\s<>]+@[^\s<>]+$/.test(bare) ? [bare] : [];
  }
  while (open >= 0) {
    const close = text.indexOf('>', open);
    if (close < 0) break;
    // "<<a@b>" and "<broken <a@b>": the innermost bracket is the id's.
    const start = text.lastIndexOf('<', close) + 1;
    const id = text.slice(start, close).replace(/\s+/g, '');
    if (id !== '') ids.push(id);
    open = text.indexOf('<', close);
  }
  return ids;
}
