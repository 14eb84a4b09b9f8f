/** Made-up mail whose words are as unlike one another as a language's, the same for the same number. */

/** Of a message with a large body. */
export const BIG_BYTES = 100_000;
const VOCABULARY = 12_000;
const SYLLABLES = 'ba ce di fo gu ka le mi no pu ra se ti vo wu xa ye zi qo hu man tor len rik sab dun'.split(' ');

/** The nth word of the vocabulary: two to four syllables. The higher, the rarer. */
export function words(n: number): string {
  let rest = (n * 7_919) % VOCABULARY;
  let word = SYLLABLES[n % SYLLABLES.length] ?? '';
  for (let i = 0; i < 2 || rest > 0; i++) {
    word += SYLLABLES[rest % SYLLABLES.length];
    rest = Math.floor(rest / SYLLABLES.length);
  }
  return word;
}

const vocabulary = Array.from({ length: VOCABULARY }, (_, n) => words(n));

/** Small numbers most often, as words are (Zipf). */
function pick(seed: number): number {
  const uniform = (Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0) / 2 ** 32;
  return Math.floor(VOCABULARY ** uniform) - 1;
}

/** About 2 KB, or as large as asked. */
export function mailText(n: number, bytes = 1_500): Buffer {
  const head =
    `Received: from a.example (a.example [192.0.2.1]) by mx.example with ESMTPS id ${n.toString(36)}; Mon, 1 Jan 2026 00:00:00 +0000\r\n` +
    `From: Sender ${n % 5_000} <sender${n % 5_000}@example.com>\r\nTo: Recipient <r@example.org>\r\n` +
    `Subject: ${vocabulary[pick(n)]} ${vocabulary[pick(n + 1)]}\r\nDate: Mon, 01 Jan 2026 00:00:00 +0000\r\n` +
    `Message-ID: <${n}@bench.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  let text = head;
  for (let i = 0; text.length < bytes; i++) {
    let line = '';
    while (line.length < 70) line += `${vocabulary[pick(n * 1_000 + i * 16 + line.length)]} `;
    text += `${line.trimEnd()}\r\n`;
  }
  return Buffer.from(text);
}
