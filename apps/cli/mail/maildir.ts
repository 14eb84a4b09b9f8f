import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, stat, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { UsageError } from '../failure.ts';
import { type MailFile, type MailSink, type MailSource, toCrlf, toLf } from './mail-file.ts';

/** cr.yp.to/proto/maildir.html: the letters after `:2,`, in ASCII order. */
const LETTERS: Readonly<Record<string, string>> = {
  D: '\\Draft',
  F: '\\Flagged',
  P: '$Forwarded',
  R: '\\Answered',
  S: '\\Seen',
  T: '\\Deleted',
};

/** A Maildir with Maildir++ mailboxes beside it (`.Work.2026`), or a tree of Maildirs (`Work/2026/cur`). */
export class MaildirSource implements MailSource {
  private readonly directories = new Map<string, string>();

  constructor(private readonly path: string) {
    if (!existsSync(path)) throw new UsageError(`${path} is not there.`);
  }

  async *mailboxes(): AsyncIterable<string> {
    await this.find(this.path, []);
    if (this.directories.size === 0) throw new UsageError(`${this.path} is no Maildir: nothing in it has a cur.`);
    yield* [...this.directories.keys()].sort();
  }

  async *messages(mailbox: string): AsyncIterable<MailFile> {
    const directory = this.directories.get(mailbox) ?? '';
    for (const room of ['cur', 'new']) {
      if (!existsSync(join(directory, room))) continue;
      for (const name of (await readdir(join(directory, room))).filter((each) => !each.startsWith('.')).sort()) {
        const file = join(directory, room, name);
        const letters = /:2,([A-Za-z]*)$/.exec(name)?.[1] ?? '';
        const flags = Object.entries(LETTERS).flatMap(([letter, flag]) => (letters.includes(letter) ? [flag] : []));
        const { mtimeMs } = await stat(file);
        yield { bytes: toCrlf(await readFile(file)), flags, date: Math.floor(mtimeMs) };
      }
    }
  }

  async count(mailbox: string): Promise<number> {
    const directory = this.directories.get(mailbox) ?? '';
    const rooms = ['cur', 'new'].map((room) => join(directory, room)).filter((room) => existsSync(room));
    const names = await Promise.all(rooms.map((room) => readdir(room)));
    return names.flat().filter((each) => !each.startsWith('.')).length;
  }

  private async find(directory: string, levels: readonly string[]): Promise<void> {
    if (existsSync(join(directory, 'cur'))) this.directories.set(levels.join('/') || 'INBOX', directory);
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isDirectory() || ['cur', 'new', 'tmp'].includes(entry.name)) continue;
      const below = entry.name.startsWith('.') ? entry.name.slice(1).split('.') : [entry.name];
      await this.find(join(directory, entry.name), [...levels, ...below]);
    }
  }
}

/** Writes a tree of Maildirs: INBOX/cur, Work/2026/cur. */
export class MaildirSink implements MailSink {
  private serial = 0;
  private readonly made = new Set<string>();

  constructor(private readonly path: string) {}

  async put(mailbox: string, { bytes, flags, date = Date.now() }: MailFile): Promise<boolean> {
    const directory = join(this.path, ...mailbox.split('/'));
    if (relative(this.path, directory).startsWith('..')) throw new UsageError(`${mailbox} is no name for a directory.`);
    if (!this.made.has(mailbox))
      for (const room of ['cur', 'new', 'tmp']) await mkdir(join(directory, room), { recursive: true });
    this.made.add(mailbox);
    const letters = Object.keys(LETTERS).filter((letter) => flags.includes(LETTERS[letter] ?? ''));
    const name = `${Math.floor(date / 1_000)}.M${String(++this.serial).padStart(6, '0')}P${process.pid}.rookery`;
    const temporary = join(directory, 'tmp', name);
    // The Maildir way: whole and on storage in tmp, then renamed to where readers look.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(toLf(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
    await utimes(temporary, date / 1_000, date / 1_000);
    await rename(temporary, join(directory, 'cur', `${name}:2,${letters.join('')}`));
    return true;
  }
}
