import { crc32, deflateSync } from 'node:zlib';
import { entity, headerText, htmlPart, multipart, textPart } from './mime.ts';
import { CONVERSATIONS, NEWSLETTERS, NOTES } from './texts.ts';

/** A message as the outside world sends it. */
export interface DemoMessage {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  readonly bytes: Buffer;
}

const DAY_MS = 86_400_000;

/** A few dozen varied messages for the users of `domain`, dated over the three weeks before `now`. Deterministic but for the dates. */
export function demoMessages(domain: string, now: number): readonly DemoMessage[] {
  const [ada, ben, chloe] = ['ada', 'ben', 'chloe'].map((name) => `${name}@${domain}`) as [string, string, string];
  const everyone = [ada, ben, chloe];
  const messages: DemoMessage[] = [];
  let number = 0;
  const add = (input: Omit<MessageInput, 'id' | 'at'> & { daysAgo: number }): string => {
    const id = `demo-${++number}@mail.example.net`;
    messages.push(compose({ ...input, id, at: now - input.daysAgo * DAY_MS }));
    return id;
  };

  CONVERSATIONS.forEach((conversation, index) => {
    const references: string[] = [];
    conversation.turns.forEach((turn, step) => {
      const reply = step > 0;
      references.push(
        add({
          daysAgo: 20 - index * 3 - step * 0.4,
          from: turn.from,
          to: turn.to.map((name) => (name.includes('@') ? name : `${name}@${domain}`)),
          subject: `${reply ? 'Re: ' : ''}${conversation.subject}`,
          references: [...references],
          content: textPart(turn.text),
        }),
      );
    });
  });

  NEWSLETTERS.forEach((letter, index) => {
    add({
      daysAgo: 18 - index * 2.5,
      from: letter.from,
      to: everyone,
      subject: letter.subject,
      extra: [`List-Id: <${letter.list}>`, `List-Unsubscribe: <https://${letter.list}/leave>`, 'Precedence: bulk'],
      content: multipart('alternative', `alt-${index}`, [
        textPart(letter.text),
        htmlPart(page(letter.subject, letter.html)),
      ]),
    });
  });

  NOTES.forEach((note, index) => {
    add({
      daysAgo: 15 - index * 0.9,
      from: note.from,
      to: [everyone[index % 3] as string],
      subject: note.subject,
      content: textPart(note.text),
    });
  });

  for (const message of attachments()) add({ ...message, to: message.to.map((name) => `${name}@${domain}`) });
  return messages;
}

interface MessageInput {
  readonly id: string;
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly references?: readonly string[];
  readonly extra?: readonly string[];
  readonly content: string;
}

function compose(input: MessageInput): DemoMessage {
  const [, name = '', address = input.from] = /^(.*?) <(.+)>$/.exec(input.from) ?? [];
  const references = input.references ?? [];
  const headers = [
    `Date: ${new Date(input.at).toUTCString().replace('GMT', '+0000')}`,
    `From: ${name ? `${headerText(name)} <${address}>` : address}`,
    `To: ${input.to.join(',\r\n ')}`,
    `Subject: ${headerText(input.subject)}`,
    `Message-ID: <${input.id}>`,
    ...(references.length
      ? [`In-Reply-To: <${references.at(-1)}>`, `References: ${references.map((id) => `<${id}>`).join('\r\n ')}`]
      : []),
    ...(input.extra ?? []),
    'MIME-Version: 1.0',
  ];
  return {
    reversePath: address,
    forwardPaths: input.to,
    bytes: Buffer.from(`${headers.join('\r\n')}\r\n${input.content}`),
  };
}

function attachments(): readonly (Omit<MessageInput, 'id' | 'at'> & { daysAgo: number })[] {
  const invitation = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//Demo//EN',
    'METHOD:REQUEST',
    'BEGIN:VEVENT',
    'UID:demo-planning@example.net',
    'DTSTAMP:20261101T080000Z',
    'DTSTART:20261201T090000Z',
    'DTEND:20261201T100000Z',
    'SUMMARY:Planning for the new year',
    'ORGANIZER:mailto:grace@partner.example',
    'END:VEVENT',
    'END:VCALENDAR',
    '',
  ].join('\r\n');
  const rows = Array.from({ length: 400 }, (_, i) => `${i + 1};${(i * 37) % 101};${((i * 7919) % 10_007) / 100}`).join(
    '\r\n',
  );
  return [
    {
      daysAgo: 6,
      from: 'Grace Okafor <grace@partner.example>',
      to: ['ada', 'ben'],
      subject: 'Planning for the new year',
      content: multipart('mixed', 'mix-cal', [
        textPart('Shall we meet on the first of December? Invitation attached.\r\n'),
        entity({ type: 'text/calendar; charset=utf-8; method=REQUEST', body: invitation, filename: 'invite.ics' }),
      ]),
    },
    {
      daysAgo: 5,
      from: 'Håkon Lindqvist <hakon@nordlys.example>',
      to: ['chloe'],
      subject: 'Målinger fra forrige uke',
      content: multipart('mixed', 'mix-csv', [
        textPart('Hei Chloe,\r\n\r\nher er tallene fra forrige uke, se vedlegg.\r\n\r\nHilsen Håkon\r\n'),
        entity({ type: 'text/csv; charset=utf-8', body: rows, filename: 'målinger.csv' }),
      ]),
    },
    {
      daysAgo: 3,
      from: 'Print Room <print@stationers.example>',
      to: ['ben'],
      subject: 'Proof of your letterhead',
      content: multipart('related', 'rel-1', [
        htmlPart(
          page(
            'Proof',
            '<p>The proof of your letterhead:</p><p><img src="cid:proof@demo" alt="A blue and white gradient"></p>',
          ),
        ),
        entity({ type: 'image/png', body: gradient(96, 64), contentId: 'proof@demo' }),
      ]),
    },
    {
      daysAgo: 2,
      from: 'Ada Lindholm <ada@elsewhere.example>',
      to: ['ada'],
      subject: 'Fwd: Gesprächsnotiz',
      content: multipart('mixed', 'mix-fwd', [
        textPart('See the attached message.\r\n'),
        `Content-Type: message/rfc822\r\n\r\nFrom: Jürgen <juergen@buero.example>\r\nTo: ada@elsewhere.example\r\nSubject: =?iso-8859-1?Q?Gespr=E4chsnotiz?=\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nSch=F6ne Gr=FC=DFe aus M=FCnchen\r\n`,
      ]),
    },
  ];
}

const page = (title: string, body: string): string =>
  `<!doctype html><html><head><meta charset="utf-8"><title>${title}</title></head><body style="font-family:sans-serif;max-width:40em">${body}</body></html>`;

/** A small real PNG: one filter byte and RGB pixels a row, deflated (PNG specification §5). */
function gradient(width: number, height: number): Buffer {
  const pixels = Buffer.alloc((width * 3 + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * (width * 3 + 1) + 1 + x * 3;
      pixels[at] = Math.round((255 * x) / width);
      pixels[at + 1] = Math.round((255 * y) / height);
      pixels[at + 2] = 230;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const frame = Buffer.alloc(8);
    frame.writeUInt32BE(data.length, 0);
    frame.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
