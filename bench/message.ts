import { parseArgs } from 'node:util';
import { MailParser, simpleParser } from 'mailparser';
import { messageParser, parseMessage, searchableText } from '#protocol/message';

// Reading messages, beside mailparser in the same run: `npm run bench -- message [--rounds N] [--ms N]`.
// mailparser also hands out decoded bodies, so it is asked for no more than it must do (no links, no HTML made or unmade),
// and "and all text" does for ours what comes nearest: every text decoded, HTML turned into words.
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, ms: { type: 'string', default: '300' } },
});
const rounds = Number(values.rounds);
const sliceMs = Number(values.ms);

const crlf = (text: string): Buffer => Buffer.from(text.replace(/\n/g, '\r\n'));
const PROSE = 'The quick brown fox jumps over the lazy dog, and nobody minds at all.\n';
const HEADER = `${'Received: from mx.example.com (mx.example.com [192.0.2.1]) by mail.example.net\n\twith ESMTPS id 4F2x; Fri, 21 Nov 2025 09:55:06 -0600\n'.repeat(3)}DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;
\tbh=${'A'.repeat(43)}=;
\tb=${'B'.repeat(72)}
From: =?utf-8?q?J=C3=B6rg_M=C3=BCller?= <joerg@example.com>
To: "Lee, Ann" <ann@example.net>, bob@example.org
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_aus_?= =?utf-8?q?M=C3=BCnchen?=
Date: Fri, 21 Nov 2025 09:55:06 -0600
Message-ID: <0123456789@example.com>
References: <a@example.com> <b@example.com>
MIME-Version: 1.0
`;

function base64Lines(bytes: number): string {
  return Buffer.alloc(bytes, 'file').toString('base64').replace(/.{76}/g, '$&\n');
}

function alternative(bytes: number): string {
  const html = `<html><body>${`<p style="margin:0">${PROSE.trim()} <b>&amp;</b></p>\n`.repeat(bytes / 2 / 100)}</body></html>`;
  const plain = PROSE.repeat(bytes / 2 / PROSE.length);
  return `Content-Type: multipart/alternative; boundary="=_b"\n\n--=_b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n${plain}\n--=_b\nContent-Type: text/html; charset=utf-8\n\n${html}\n--=_b--\n`;
}

function withAttachment(bytes: number): string {
  return `Content-Type: multipart/mixed; boundary="=_b"\n\n--=_b\nContent-Type: text/plain; charset=utf-8\n\n${PROSE}\n--=_b\nContent-Type: application/pdf; name="a.pdf"\nContent-Disposition: attachment; filename="a.pdf"\nContent-Transfer-Encoding: base64\n\n${base64Lines(bytes)}\n--=_b--\n`;
}

const MESSAGES: readonly [name: string, bytes: Buffer][] = [
  ['10 KB text', crlf(`${HEADER}Content-Type: text/plain; charset=utf-8\n\n${PROSE.repeat(122)}`)],
  ['10 KB text and HTML', crlf(HEADER + alternative(8_600))],
  ['10 KB with a file', crlf(HEADER + withAttachment(6_300))],
  ['1 MB with a file', crlf(HEADER + withAttachment(750_000))],
];

const LEAN = { skipImageLinks: true, skipTextToHtml: true, skipHtmlToText: true, skipTextLinks: true };

interface Contender {
  readonly name: string;
  run(bytes: Buffer): unknown;
}

const CONTENDERS: readonly Contender[] = [
  { name: 'parseMessage', run: (bytes) => parseMessage(bytes) },
  {
    name: 'messageParser, 64 KB chunks',
    run(bytes) {
      const parser = messageParser();
      for (let at = 0; at < bytes.length; at += 65_536) parser.push(bytes.subarray(at, at + 65_536));
      return parser.end();
    },
  },
  { name: 'parseMessage and all text', run: (bytes) => [...searchableText(bytes, parseMessage(bytes).body)] },
  { name: 'mailparser, streaming', run: streamThroughMailparser },
  { name: 'mailparser, simpleParser', run: (bytes) => simpleParser(bytes, LEAN) },
];

/** Header and parts, attachments thrown away: the least mailparser does. */
function streamThroughMailparser(bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const parser = new MailParser(LEAN);
    parser.on('data', (data) => {
      if (data.type !== 'attachment') return;
      data.content.on('end', () => data.release?.());
      data.content.resume();
    });
    parser.on('end', resolve);
    parser.on('error', reject);
    parser.end(bytes);
  });
}

/** Messages a second of processor time, so that neighbours on the machine matter less. */
async function rate({ run }: Contender, bytes: Buffer): Promise<number> {
  const start = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  while (performance.now() - start < sliceMs) {
    const outcome = run(bytes);
    if (outcome instanceof Promise) await outcome;
    count++;
  }
  const { user, system } = process.cpuUsage(before);
  return (count / (user + system)) * 1e6;
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

for (const [name, bytes] of MESSAGES) {
  const rates = CONTENDERS.map((): number[] => []);
  // In turn, so that a machine whose speed drifts is as slow for one as for the other; the first round warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const [index, contender] of CONTENDERS.entries()) {
      const measured = await rate(contender, bytes);
      if (round > 0) rates[index]!.push(measured);
    }
  }
  const peer = median(rates.at(-1)!);
  console.log(`\n${name} (${bytes.length} bytes), median of ${rounds}:`);
  for (const [index, contender] of CONTENDERS.entries()) {
    const perSecond = median(rates[index]!);
    const columns = [
      contender.name.padEnd(28),
      `${Math.round(perSecond)} messages/s`.padStart(20),
      `${((perSecond * bytes.length) / 1e6).toFixed(0)} MB/s`.padStart(10),
      `${(1e6 / perSecond).toFixed(1)} µs`.padStart(12),
      `${(perSecond / peer).toFixed(1)}× simpleParser`.padStart(22),
    ];
    console.log(columns.join(''));
  }
}
