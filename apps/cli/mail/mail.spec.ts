import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { seededRandom } from '#stdx';
import { temporaryDirectory } from '#testing';
import { progressLines } from '../progress.ts';
import { listedName } from './imap-store.ts';
import { type MailFile, type MailSink, type MailSource, toCrlf, transfer } from './mail-file.ts';
import { MaildirSink, MaildirSource } from './maildir.ts';
import { MboxSink, MboxSource, readMbox, writeMessage } from './mbox.ts';

const DATE = Date.UTC(2026, 1, 3, 4, 5, 6);
const mail = (body: string, flags: readonly string[] = [], date = DATE): MailFile => ({
  bytes: Buffer.from(
    `From: a@x.example\r\nSubject: =?utf-8?q?=C3=A4?=\r\nMessage-ID: <${body.length}@x>\r\n\r\n${body}`,
  ),
  ...{ flags, date },
});

async function read(source: MailSource): Promise<Map<string, MailFile[]>> {
  const found = new Map<string, MailFile[]>();
  for await (const mailbox of source.mailboxes()) {
    const messages = [];
    for await (const message of source.messages(mailbox)) messages.push(message);
    found.set(mailbox, messages);
  }
  return found;
}

async function* once(bytes: Buffer, size = bytes.length): AsyncIterable<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const MAILS = new Map([
  ['INBOX', [mail('Hello.\r\n', ['\\Seen', '\\Flagged']), mail('From here\r\n>From there\r\n\r\nFrom afar\r\n')]],
  ['Work/2026', [mail('a\r\n\r\n\r\n', ['\\Answered', '\\Draft']), mail('latin \xe9 utf \u00e4\r\n', ['\\Seen'])]],
]);

for (const [what, sink, source] of [
  ['mbox', (path: string) => new MboxSink(path), (path: string) => new MboxSource(path, 'INBOX')],
  ['Maildir', (path: string) => new MaildirSink(path), (path: string) => new MaildirSource(path)],
] as const)
  describe(what, () => {
    it('gives back what was put in: bytes, flags and dates', async () => {
      using directory = temporaryDirectory();
      const into: MailSink = sink(directory.path);
      for (const [mailbox, messages] of MAILS) for (const message of messages) await into.put(mailbox, message);
      await into.end?.();
      const found = await read(source(directory.path));
      for (const [mailbox, messages] of MAILS)
        assert.deepEqual(
          found.get(mailbox)?.map((each) => [each.bytes.toString('latin1'), [...each.flags].sort(), each.date]),
          messages.map((each) => [each.bytes.toString('latin1'), [...each.flags].sort(), each.date]),
        );
      assert.equal(found.size, MAILS.size);
    });

    it('refuses a name that leads out of the directory, and a path that is not there', async () => {
      using directory = temporaryDirectory();
      const inside = join(directory.path, 'inside');
      await assert.rejects(sink(inside).put('../outside', mail('x')), /is no name for/);
      assert(!existsSync(join(directory.path, 'outside')));
      assert.throws(() => source(join(directory.path, 'none')), /is not there/);
    });
  });

describe('mbox', () => {
  it('reads the same in pieces of any size', async () => {
    const random = seededRandom(5);
    const bytes = Buffer.concat([...MAILS.values()].flat().map(writeMessage));
    const whole = [];
    for await (const message of readMbox(once(bytes))) whole.push(message);
    assert.equal(whole.length, 4);
    for (let i = 0; i < 50; i++) {
      const pieces = [];
      for await (const message of readMbox(once(bytes, 1 + Math.floor(random.fraction() * 90)))) pieces.push(message);
      assert.deepEqual(pieces, whole);
    }
  });

  it('refuses what is none', async () => {
    await assert.rejects(async () => {
      for await (const _ of readMbox(once(Buffer.from('Subject: x\n\nx\n')))) assert.fail('a message');
    }, /is no mbox/);
  });
});

describe('Maildir', () => {
  it('reads Maildir++ mailboxes, new mail, and skips what is unfinished', async () => {
    using directory = temporaryDirectory();
    for (const at of ['cur', 'new', 'tmp', '.Work.2026/cur']) mkdirSync(join(directory.path, at), { recursive: true });
    writeFileSync(join(directory.path, 'cur', '1.a:2,FS'), 'Subject: one\n\n1\n');
    writeFileSync(join(directory.path, 'new', '2.b'), 'Subject: two\n\n2\n');
    writeFileSync(join(directory.path, 'tmp', '3.c'), 'Subj');
    writeFileSync(join(directory.path, '.Work.2026/cur', '4.d:2,'), 'Subject: four\r\n\r\n4\r\n');
    utimesSync(join(directory.path, 'cur', '1.a:2,FS'), 1_000, 1_000);
    const found = await read(new MaildirSource(directory.path));
    assert.deepEqual([...found.keys()], ['INBOX', 'Work/2026']);
    const [one, two] = found.get('INBOX') ?? [];
    assert.deepEqual(
      [one?.flags, one?.date, one?.bytes.toString()],
      [['\\Flagged', '\\Seen'], 1_000_000, 'Subject: one\r\n\r\n1\r\n'],
    );
    assert.deepEqual(two?.flags, []);
    assert.equal(found.get('Work/2026')?.[0]?.bytes.toString(), 'Subject: four\r\n\r\n4\r\n');
    assert.equal(readdirSync(join(directory.path, 'tmp')).length, 1);
  });
});

describe('transfer', () => {
  it('counts what was copied and what was there', async () => {
    using directory = temporaryDirectory();
    const from = new MaildirSink(directory.path);
    for (const message of MAILS.get('INBOX') ?? []) await from.put('INBOX', message);
    const lines: string[] = [];
    let n = 0;
    const sink = { put: async () => n++ > 0 };
    const figures = await transfer(
      new MaildirSource(directory.path),
      sink,
      progressLines((line) => lines.push(line)),
    );
    assert.deepEqual([figures.mailboxes, figures.copied, figures.present, lines], [1, 1, 1, ['INBOX: 2']]);
  });
});

describe('toCrlf', () => {
  for (const [from, to] of [
    ['', ''],
    ['a', 'a'],
    ['a\nb\n', 'a\r\nb\r\n'],
    ['a\r\nb\n\n', 'a\r\nb\r\n\r\n'],
    ['\n', '\r\n'],
    ['a\rb\r\n', 'a\rb\r\n'],
  ] as const)
    it(JSON.stringify(from), () => assert.equal(toCrlf(Buffer.from(from)).toString(), to));
});

describe('a name in LIST', () => {
  for (const [text, name] of [
    ['LIST (\\HasNoChildren) "/" INBOX', 'INBOX'],
    ['LIST (\\HasNoChildren) "/" "Work/2026"', 'Work/2026'],
    ['LIST () "." "INBOX.Work.a/b"', 'INBOX/Work/a-b'],
    ['LIST () "/" "Entw&APw-rfe"', 'Entwürfe'],
    ['LIST () NIL "a \\"b\\""', 'a "b"'],
    ['LIST (\\Noselect) "/" "up"', undefined],
    ['SEARCH 1', undefined],
  ] as const)
    it(text, () => assert.equal(listedName({ text, literals: [] })?.name, name));
});
