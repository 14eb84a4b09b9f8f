import { createReadStream, existsSync, statSync } from 'node:fs';
import { appendFile, mkdir, open, readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { UsageError } from '../failure.ts';
import { type MailFile, type MailSink, type MailSource, toCrlf, toLf } from './mail-file.ts';

/** Default 64 MiB: above what the store accepts (50 MiB), with its quoting. */
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
const FROM_LINE = /^From \S+\s+(?:\S+\s+)?(\w{3} \w{3} [ \d]\d \d{2}:\d{2}(?::\d{2})?(?: [+-]\d{4}| \w{3,4})? \d{4})/;
/** mutt's and Dovecot's letters. */
const LETTERS: Readonly<Record<string, string>> = {
  R: '\\Seen',
  A: '\\Answered',
  F: '\\Flagged',
  T: '\\Draft',
  D: '\\Deleted',
};

/** One mbox file, or a directory of them: `Work/2026.mbox` is the mailbox Work/2026. */
export class MboxSource implements MailSource {
  private readonly files = new Map<string, string>();

  constructor(
    private readonly path: string,
    /** The mailbox a single file is. */
    private readonly mailbox: string,
  ) {
    if (!existsSync(path)) throw new UsageError(`${path} is not there.`);
  }

  async *mailboxes(): AsyncIterable<string> {
    if (statSync(this.path).isFile()) this.files.set(this.mailbox, this.path);
    else {
      for (const file of (await readdir(this.path, { recursive: true }))
        .filter((each) => each.endsWith('.mbox'))
        .sort())
        this.files.set(file.slice(0, -'.mbox'.length).split(sep).join('/'), join(this.path, file));
    }
    yield* this.files.keys();
  }

  messages(mailbox: string): AsyncIterable<MailFile> {
    return readMbox(createReadStream(this.files.get(mailbox) ?? ''));
  }
}

/** Messages of an mbox (mboxrd: a line `>From ` has lost one `>`). Text before the first `From ` line is refused. */
export async function* readMbox(stream: AsyncIterable<Buffer>): AsyncIterable<MailFile> {
  let lines: Buffer[] | undefined;
  let size = 0;
  let date: number | undefined;
  let blank = true;
  const whole = (): MailFile => mailOf(Buffer.concat(lines ?? []), date);
  for await (const line of linesOf(stream)) {
    if (blank && line.subarray(0, 5).equals(Buffer.from('From '))) {
      if (lines) yield whole();
      lines = [];
      size = 0;
      date = dateOf(line.toString('latin1'));
    } else if (!lines) {
      if (line.toString('latin1').trim() !== '') throw new UsageError('This is no mbox: it does not begin with From.');
    } else {
      size += line.length;
      if (size > MESSAGE_BYTES_MAX) throw new UsageError(`A message is larger than ${MESSAGE_BYTES_MAX} bytes.`);
      lines.push(/^>+From /.test(line.toString('latin1', 0, 64)) ? line.subarray(1) : line);
    }
    blank = line.length <= 2 && line.toString('latin1').trim() === '';
  }
  if (lines) yield whole();
}

/** Writes a directory of mbox files. */
export class MboxSink implements MailSink {
  constructor(private readonly path: string) {}

  async put(mailbox: string, message: MailFile): Promise<boolean> {
    const file = join(this.path, ...`${mailbox}.mbox`.split('/'));
    if (relative(this.path, file).startsWith('..')) throw new UsageError(`${mailbox} is no name for a file.`);
    await mkdir(dirname(file), { recursive: true });
    await appendFile(file, writeMessage(message));
    return true;
  }

  async end(): Promise<void> {
    if (!existsSync(this.path)) return;
    const directory = await open(this.path, 'r');
    await directory.sync();
    await directory.close();
  }
}

export function writeMessage({ bytes, flags, date = 0 }: MailFile): Buffer {
  const [weekday, day, month, year, time] = new Date(date).toUTCString().replace(',', '').split(' ');
  const from = `From MAILER-DAEMON ${weekday} ${month} ${day?.replace(/^0/, ' ')} ${time} ${year}\n`;
  const letters = Object.keys(LETTERS).filter((letter) => flags.includes(LETTERS[letter] ?? ''));
  const status = `Status: ${letters.includes('R') ? 'RO' : 'O'}\nX-Status: ${letters.filter((each) => each !== 'R').join('')}\n`;
  const text = toLf(bytes).toString('latin1');
  const quoted = text.replace(/^(>*From )/gm, '>$1');
  return Buffer.from(`${from}${status}${quoted}${text.endsWith('\n') ? '' : '\n'}\n`, 'latin1');
}

/** The marks are in the Status fields that stand first, where `writeMessage` and mutt put them; they are not the message's own. */
function mailOf(lines: Buffer, date: number | undefined): MailFile {
  let text = lines.toString('latin1').replace(/\r?\n$/, '');
  const headEnd = /\r?\n\r?\n/.exec(text)?.index ?? text.length;
  let letters = '';
  const head = text.slice(0, headEnd).replace(/^(?:X-)?Status:([^\r\n]*)\r?\n?/gim, (_, value: string) => {
    letters += value;
    return '';
  });
  text = head + text.slice(headEnd);
  const flags = Object.entries(LETTERS).flatMap(([letter, flag]) => (letters.includes(letter) ? [flag] : []));
  return { bytes: toCrlf(Buffer.from(text, 'latin1')), flags, ...(date === undefined ? {} : { date }) };
}

function dateOf(line: string): number | undefined {
  const at = Date.parse(`${FROM_LINE.exec(line)?.[1] ?? ''} UTC`);
  return Number.isNaN(at) ? undefined : at;
}

/** Lines with their ends. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = all.indexOf(0x0a); at >= 0; at = all.indexOf(0x0a, from)) {
      yield all.subarray(from, at + 1);
      from = at + 1;
    }
    rest = Buffer.from(all.subarray(from));
    if (rest.length > MESSAGE_BYTES_MAX) throw new UsageError(`A line is longer than ${MESSAGE_BYTES_MAX} bytes.`);
  }
  if (rest.length > 0) yield rest;
}
