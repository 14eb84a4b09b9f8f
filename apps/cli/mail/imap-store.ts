import { decodeModifiedUtf7, encodeModifiedUtf7, formatDateTime, parseDateTime } from '#protocol/imap';
import { type ImapConnection, ImapRefusal, type ImapResponse } from './imap-connection.ts';
import type { MailFile, MailSink, MailSource } from './mail-file.ts';

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** What `LIST` says of a mailbox: `LIST (\HasNoChildren) "/" "Work/2026"`. Undefined for one that cannot be selected. */
export function listedName({
  text,
  literals,
}: ImapResponse): { readonly raw: string; readonly name: string } | undefined {
  const match = /^LIST \(([^)]*)\) (?:"(\\?.)"|NIL) (?:"((?:[^"\\]|\\.)*)"|(\{\})|(\S+))$/i.exec(text);
  if (!match || /\\No(select|nexistent)/i.test(match[1] ?? '')) return undefined;
  const separator = (match[2] ?? '/').slice(-1);
  const raw = match[3]?.replace(/\\(.)/g, '$1') ?? (match[4] ? literals[0]?.toString('latin1') : match[5]) ?? '';
  const name = decodeModifiedUtf7(raw) ?? raw;
  // Another server's separator becomes ours, and ours in a name a dash.
  return { raw, name: separator === '/' ? name : name.replaceAll('/', '-').replaceAll(separator, '/') };
}

/** An account of an IMAP server, to read from and to put into. */
export class ImapStore implements MailSource, MailSink {
  /** Mailbox → what it holds, by Message-ID and size. */
  private readonly held = new Map<string, Set<string>>();

  constructor(private readonly connection: ImapConnection) {}

  async *mailboxes(): AsyncIterable<string> {
    for (const response of await this.connection.command('LIST "" "*"')) {
      const listed = listedName(response);
      if (listed) {
        this.raw.set(listed.name, listed.raw);
        yield listed.name;
      }
    }
  }

  async *messages(mailbox: string): AsyncIterable<MailFile> {
    await this.connection.command(`EXAMINE ${quoted(this.rawName(mailbox))}`);
    const search = (await this.connection.command('UID SEARCH ALL')).find(({ text }) => /^SEARCH/i.test(text));
    for (const uid of search?.text.split(' ').slice(1).filter(Boolean) ?? []) {
      const responses = await this.connection.command(`UID FETCH ${uid} (FLAGS INTERNALDATE BODY.PEEK[])`);
      const fetched = responses.find(({ literals }) => literals.length > 0);
      if (!fetched) continue;
      yield { bytes: fetched.literals[0] as Buffer, ...marksOf(fetched.text) };
    }
  }

  /** RFC 9051 §6.3.11. */
  async count(mailbox: string): Promise<number | undefined> {
    const answer = await this.connection.command(`STATUS ${quoted(this.rawName(mailbox))} (MESSAGES)`).catch(() => []);
    const found = answer.map(({ text }) => /\(MESSAGES (\d+)\)$/i.exec(text)?.[1]).find(Boolean);
    return found === undefined ? undefined : Number(found);
  }

  /** False when the mailbox holds it already. */
  async put(mailbox: string, { bytes, flags, date }: MailFile): Promise<boolean> {
    const held = await this.heldIn(mailbox);
    const key = keyOf(bytes, bytes.length);
    if (key !== undefined && held.has(key)) return false;
    const target = quoted(encodeModifiedUtf7(mailbox));
    const when = date === undefined ? '' : ` "${formatDateTime(date)}"`;
    await this.connection.command(`APPEND ${target} (${flags.join(' ')})${when} `, [bytes, '']);
    if (key !== undefined) held.add(key);
    return true;
  }

  private readonly raw = new Map<string, string>();

  private rawName(mailbox: string): string {
    return this.raw.get(mailbox) ?? encodeModifiedUtf7(mailbox);
  }

  /** What it holds, so that an import that broke off can be given again. Made when it is not there. */
  private async heldIn(mailbox: string): Promise<Set<string>> {
    const known = this.held.get(mailbox);
    if (known) return known;
    const held = new Set<string>();
    this.held.set(mailbox, held);
    const name = quoted(encodeModifiedUtf7(mailbox));
    try {
      await this.connection.command(`EXAMINE ${name}`);
    } catch (error) {
      if (!(error instanceof ImapRefusal)) throw error;
      await this.connection.command(`CREATE ${name}`);
      await this.connection.command(`SUBSCRIBE ${name}`);
      return held;
    }
    const fields = 'RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]';
    for (const { text, literals } of await this.connection.command(`FETCH 1:* (${fields})`).catch(() => [])) {
      const size = /RFC822\.SIZE (\d+)/i.exec(text)?.[1];
      const key = literals[0] && keyOf(literals[0], Number(size));
      if (key !== undefined) held.add(key);
    }
    return held;
  }
}

/** Undefined for a message without a Message-ID: such may be there twice. */
function keyOf(header: Buffer, size: number): string | undefined {
  const head = header.toString('latin1', 0, Math.min(header.length, 65_536)).split('\r\n\r\n', 1)[0] ?? '';
  const id = /^message-id:\s*(<[^>]*>)/im.exec(head)?.[1];
  return id === undefined ? undefined : `${id} ${size}`;
}

function marksOf(text: string): Pick<MailFile, 'flags' | 'date'> {
  const flags = /FLAGS \(([^)]*)\)/i.exec(text)?.[1]?.split(' ').filter(Boolean) ?? [];
  const date = parseDateTime(/INTERNALDATE "([^"]*)"/i.exec(text)?.[1] ?? '');
  return { flags: flags.filter((flag) => flag.toLowerCase() !== '\\recent'), ...(date === null ? {} : { date }) };
}
