import type { Random } from '#stdx';

/** One of `choices`. */
export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[Math.floor(random.fraction() * choices.length)]!;
}

/** Pieces that, strung together, make mail that is nearly right. */
const PIECES: readonly string[] = [
  '\r\n',
  '\r\n',
  '\r\n',
  '\r\n\r\n',
  '\n',
  '\n\n',
  '\r',
  '\0',
  ' ',
  '\t',
  '--a',
  '--a--',
  '--ab',
  '--ab--',
  '--abc\r\n',
  '\r\n--a\r\n',
  '\r\n--a--\r\n',
  '\r\n--ab\r\n\r\n',
  '\n--a\n',
  '-',
  '--',
  'Content-Type: multipart/mixed; boundary=a\r\n\r\n',
  'Content-Type: multipart/alternative; boundary="ab"\r\n',
  'Content-Type: multipart/digest; boundary=abc\n\n',
  'Content-Type: multipart/related; boundary="a--"\r\n\r\n',
  'Content-Type: multipart/mixed\r\n\r\n',
  'Content-Type: message/rfc822\r\n\r\n',
  'Content-Type: message/global\r\nContent-Transfer-Encoding: base64\r\n\r\n',
  'Content-Type: text/html; charset=utf-8\r\n\r\n',
  'Content-Type: text/plain; charset="iso-2022-jp"\r\n',
  'Content-Type: text/plain; charset=utf-16\r\n',
  'Content-Type: ; =;;=/\r\n',
  "Content-Type: image/png; name*0*=utf-8''%e2%82; name*1*=%ac; name*x=y\r\n",
  'Content-Disposition: attachment; filename="=?utf-8?q?=C3=A9?="\r\n',
  'Content-Disposition: inline\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  'Content-ID: <a@b>\r\n',
  'Subject: =?utf-8?b?4oKs?= =?utf-8?q?=E2=82?=\r\n =?utf-8?q?=AC?=\r\n',
  'Subject: Re: [list] Fwd: x (fwd)\r\n',
  'From: "A, B" <a@b>, Group: c@d, (x) e@f;, <@r:g@h>\r\n',
  'To: a@b, c\r\n',
  'Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n',
  'References: <a@b> <c@d>\r\n',
  'Message-ID: <x@y>\r\n',
  'no field at all\r\n',
  ' folded\r\n',
  'word ',
  'SGVsbG8gd29ybGQ=',
  '=E2=82=AC=\r\n',
  '= \r\n',
  '<p>text<style>x</style>&amp;&#x20ac;<a href="',
  '\x1b$B%F%9%H\x1b(B',
  '\xe2\x82\xac',
  '\xff\xfe',
  '+AGE-',
];

/** A message out of pieces and noise, 0 to a few thousand bytes: half of them a heap, half a tree with faults. */
export function fuzzMessage(random: Random): Buffer {
  const text = random.fraction() < 0.5 ? heap(random, 40) : tree(random, 0);
  const bytes = Buffer.from(text, 'latin1');
  return random.fraction() < 0.3 ? Buffer.from(text.replaceAll('\r\n', '\n'), 'latin1') : bytes;
}

function heap(random: Random, most: number): string {
  let text = '';
  for (let i = Math.floor(random.fraction() ** 2 * most); i > 0; i--) {
    text +=
      random.fraction() < 0.05
        ? random.bytes(Math.floor(random.fraction() * 20)).toString('latin1')
        : pick(random, PIECES);
  }
  return text;
}

/** A part with its header; in one of ten places something is missing or too much. */
function tree(random: Random, depth: number): string {
  const fault = (): string => (random.fraction() < 0.1 ? heap(random, 5) : '');
  const blank = random.fraction() < 0.1 ? '' : '\r\n';
  const fields = random.fraction() < 0.5 ? pick(random, PIECES.slice(30, 47)) : '';
  const kind = random.fraction() * (1 + depth / 3);
  if (kind < 0.5) {
    const boundary = pick(random, ['a', 'ab', 'abc', 'a--', 'b']);
    let text = `${fields}Content-Type: multipart/${pick(random, ['mixed', 'digest', 'alternative', 'report'])}; boundary="${boundary}"\r\n${blank}${fault()}`;
    for (let parts = Math.floor(random.fraction() * 4); parts > 0; parts--) {
      text += `\r\n--${boundary}${fault()}\r\n${tree(random, depth + 1)}`;
    }
    return random.fraction() < 0.2 ? text : `${text}\r\n--${boundary}--${fault()}\r\n`;
  }
  if (kind < 0.7) return `Content-Type: message/rfc822\r\n${blank}${tree(random, depth + 1)}`;
  return `${fields}${fault()}${blank}${heap(random, 12)}`;
}

/** `bytes` with a few of them changed, removed, doubled or moved. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  let mutated = Buffer.from(bytes);
  for (let i = Math.floor(random.fraction() * 6); i >= 0; i--) {
    const at = Math.floor(random.fraction() * mutated.length);
    const length = Math.floor(random.fraction() ** 3 * 200);
    const cut = mutated.subarray(at, at + length);
    const rest = [mutated.subarray(0, at), mutated.subarray(at + length)] as const;
    switch (Math.floor(random.fraction() * 4)) {
      case 0:
        mutated = Buffer.concat(rest);
        break;
      case 1:
        mutated = Buffer.concat([rest[0], cut, cut, rest[1]]);
        break;
      case 2:
        mutated = Buffer.concat([rest[0], Buffer.from(pick(random, PIECES), 'latin1'), rest[1]]);
        break;
      default:
        if (mutated.length > 0) mutated[at] = Math.floor(random.fraction() * 256);
    }
  }
  return mutated;
}

/** Characters header syntax is made of, and some that it is not. */
const HEADER_PIECES: readonly string[] = [
  ...'"\\()<>@,;:.[]=?*%\'_ \t-/&#',
  '=?utf-8?q?',
  '=?iso-2022-jp?b?GyRCJUY=?=',
  '?=',
  '=?',
  'utf-8',
  'a',
  'b c',
  'user@host',
  '<u@h>',
  'Group:',
  'é',
  '日本',
  '😀',
  '\0',
  '\r\n ',
  '1997',
  'Nov',
  '21',
  '09:55',
  '+0100',
  'Re:',
  '[x]',
  '(fwd)',
  'name',
  '*0*=',
  '*=',
  '="',
  '<!--',
  '-->',
  '<style>',
  '</',
  '<p ',
  '&amp;',
  '&#x',
];

/** Text that header and HTML parsers should not trip over. */
export function fuzzText(random: Random): string {
  let text = '';
  for (let i = Math.floor(random.fraction() ** 2 * 40); i > 0; i--) text += pick(random, HEADER_PIECES);
  return text;
}

/** `bytes` in chunks of random length. */
export function* chunks(bytes: Buffer, random: Random): Generator<Buffer> {
  const longest = pick(random, [1, 2, 5, 30, 400]);
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + Math.floor(random.fraction() * longest);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}
