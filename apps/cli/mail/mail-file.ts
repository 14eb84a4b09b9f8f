import type { Progress } from '../progress.ts';

/** A message on its way between stores. */
export interface MailFile {
  /** As on the wire: lines end in CRLF. */
  readonly bytes: Buffer;
  /** IMAP's: `\Seen`, `$Forwarded`. */
  readonly flags: readonly string[];
  /** When it was received, milliseconds since the epoch. */
  readonly date?: number;
}

/** Where mail comes from. Mailbox names have levels separated by `/`. */
export interface MailSource {
  mailboxes(): AsyncIterable<string>;
  messages(mailbox: string): AsyncIterable<MailFile>;
  /** How many these are, where that is known beforehand. */
  count?(mailbox: string): Promise<number | undefined>;
}

/** Where mail goes to. */
export interface MailSink {
  /** False when it holds the message already. */
  put(mailbox: string, message: MailFile): Promise<boolean>;
  /** Nothing more comes. */
  end?(): Promise<void>;
}

export interface TransferFigures {
  readonly mailboxes: number;
  readonly copied: number;
  readonly present: number;
  readonly bytes: number;
}

/** Copies all of it; where nothing can be drawn a line says how far it is, mailbox by mailbox and every hundredth message. */
export async function transfer(source: MailSource, sink: MailSink, progress: Progress): Promise<TransferFigures> {
  const figures = { mailboxes: 0, copied: 0, present: 0, bytes: 0 };
  for await (const mailbox of source.mailboxes()) {
    figures.mailboxes += 1;
    let here = 0;
    const total = await source.count?.(mailbox);
    for await (const message of source.messages(mailbox)) {
      if (await sink.put(mailbox, message)) {
        figures.copied += 1;
        figures.bytes += message.bytes.length;
      } else figures.present += 1;
      here += 1;
      const step = { what: mailbox, done: here, ...(total === undefined ? {} : { total }), unit: 'messages' } as const;
      progress.show(step, here % 100 === 0 ? `${mailbox}: ${here} …` : undefined);
    }
    progress.say(`${mailbox}: ${here}`);
  }
  await sink.end?.();
  return figures;
}

const LF = 0x0a;
const CR = 0x0d;

/** Lines of a file, ending in LF or CRLF, as they are on the wire. */
export function toCrlf(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, from)) {
    const end = at > from && bytes[at - 1] === CR ? at - 1 : at;
    parts.push(bytes.subarray(from, end), Buffer.from('\r\n'));
    from = at + 1;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}

/** Lines as files have them. */
export function toLf(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf('\r\n'); at >= 0; at = bytes.indexOf('\r\n', from)) {
    parts.push(bytes.subarray(from, at), Buffer.from('\n'));
    from = at + 2;
  }
  parts.push(bytes.subarray(from));
  return Buffer.concat(parts);
}
