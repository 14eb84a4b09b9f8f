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

/** A conversation has this many messages, each answering the one before it. */
const CONVERSATION = 4;
const DAY_MS = 86_400_000;

/** About 2 KB, or as large as asked. Dates are spread, in no order, over nine months. */
export function mailText(n: number, bytes = 1_500): Buffer {
  const date = new Date(Date.UTC(2024, 0, 1) + ((n * 7_919) % 100_000) * (DAY_MS / 360)).toUTCString();
  const opener = n - (n % CONVERSATION);
  const ancestors = Array.from({ length: n - opener }, (_, i) => `<${opener + i}@bench.example>`);
  const subject = `${vocabulary[pick(opener)]} ${vocabulary[pick(opener + 1)]}`;
  const reply =
    ancestors.length > 0 ? `In-Reply-To: ${ancestors.at(-1)}\r\nReferences: ${ancestors.join(' ')}\r\n` : '';
  const head =
    `Received: from a.example (a.example [192.0.2.1]) by mx.example with ESMTPS id ${n.toString(36)}; ${date}\r\n` +
    `From: Sender ${n % 5_000} <sender${n % 5_000}@example.com>\r\nTo: Recipient <r@example.org>\r\n` +
    `Subject: ${reply ? 'Re: ' : ''}${subject}\r\nDate: ${date.replace('GMT', '+0000')}\r\n` +
    `Message-ID: <${n}@bench.example>\r\n${reply}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  let text = head;
  for (let i = 0; text.length < bytes; i++) {
    let line = '';
    while (line.length < 70) line += `${vocabulary[pick(n * 1_000 + i * 16 + line.length)]} `;
    text += `${line.trimEnd()}\r\n`;
  }
  return Buffer.from(text);
}
