import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { temporaryDirectory, until } from '#testing';
import { type ClusterFile, EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';
import { metricsAskedFor, metricsShown } from './observability.ts';
import { SmtpClient } from './smtp-client.ts';

const MESSAGES = 1_000;
const exec = promisify(execFile);
const has = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;

/** From `X-Probe:` on: what may come before it are trace headers. */
const essence = (text: string): string => text.slice(text.indexOf('X-Probe: '));
const digest = (texts: readonly string[]): string[] =>
  texts.map((text) => createHash('sha256').update(essence(text)).digest('hex')).sort();

describe('mail through the whole cluster', () => {
  it(`delivers ${MESSAGES} messages through both hubs, byte-identical, to users on every volume`, async (t) => {
    await using cluster = await EmbeddedCluster.start();
    const { hubs, demo } = cluster.file;
    const sent = new Map<string, string[]>(demo.users.map(({ email }) => [email, []]));
    await Promise.all(
      hubs.map(async ({ ports }, hub) => {
        const client = await SmtpClient.open(ports.smtp);
        for (let number = hub; number < MESSAGES; number += hubs.length) {
          const { email } = demo.users[number % demo.users.length] as { email: string };
          const text = message(number, email);
          await client.send('sender@outside.example', [email], Buffer.from(text, 'latin1'));
          sent.get(email)?.push(text);
        }
        await client.quit();
      }),
    );

    await t.test('fetched with our own client through the other hub', async () => {
      for (const user of demo.users) {
        const client = await ImapClient.signIn(hubs.at(-1)?.ports.imap ?? 0, user);
        const found = [...(await client.bodies()).values()]
          .map((bytes) => bytes.toString('latin1'))
          .filter((text) => text.includes('X-Probe: '));
        client.close();
        assert.deepEqual(digest(found), digest(sent.get(user.email) ?? []));
      }
    });

    await t.test(
      "fetched with Python's imaplib over TLS",
      { skip: has('python3') ? false : 'python3 is not installed' },
      async () => {
        using directory = temporaryDirectory();
        for (const user of demo.users) {
          const found = await imaplib(hubs.at(-1)?.ports.imaps ?? 0, user, directory.path);
          assert.deepEqual(digest(found), digest(sent.get(user.email) ?? []));
        }
      },
    );

    await t.test('synchronised with mbsync', { skip: has('mbsync') ? false : 'isync is not installed' }, async () => {
      using directory = temporaryDirectory();
      for (const user of demo.users) {
        const found = await mbsync(hubs.at(-1)?.ports.imap ?? 0, user, join(directory.path, user.email));
        // A Maildir keeps bare LF, so mbsync turned the line ends; X-TUID is its own mark.
        assert.deepEqual(
          digest(found.map((text) => text.replace(/^X-TUID: .*\n/m, '').replaceAll('\n', '\r\n'))),
          digest(sent.get(user.email) ?? []),
        );
      }
    });

    await t.test('reaches every target of an alias, once, over all volumes', async () => {
      const client = await SmtpClient.open(hubs[0]?.ports.smtp ?? 0);
      await client.send(
        'sender@outside.example',
        [`team@${demo.domain}`],
        Buffer.from(message(MESSAGES, 'team'), 'latin1'),
      );
      await client.quit();
      for (const user of demo.users) {
        const reader = await ImapClient.signIn(hubs[0]?.ports.imap ?? 0, user);
        await reader.ok('SELECT INBOX');
        await until(`the alias to reach ${user.email}`, async () =>
          /^\* SEARCH \d+$/.test((await reader.ok(`UID SEARCH HEADER X-Number ${MESSAGES}.`))[0] ?? ''),
        );
        reader.close();
      }
    });

    await t.test('shows every figure that the dashboard and the alert rules ask for', async () => {
      const base = (hubs[0]?.ports.smtp ?? 0) - 25;
      const shown = await Promise.all(
        [90, 901, 601, 602].map(async (offset) =>
          metricsShown(await (await fetch(`http://127.0.0.1:${base + offset}/metrics`)).text()),
        ),
      );
      const missing = metricsAskedFor().filter((name) => !shown.some((names) => names.has(name)));
      assert.deepEqual(missing, []);
    });

    await t.test('prices the month so far, and the lines add up', async () => {
      const month = new Date().toISOString().slice(0, 7);
      interface Preview {
        readonly subtotalMinor: number;
        readonly taxMinor: number;
        readonly totalMinor: number;
        readonly lines: readonly { readonly kind: string; readonly amountMinor: number; readonly quantity: string }[];
      }
      const preview = await until(
        'every meter of the demo to be priced',
        async () => {
          const now = (await cluster.cli('invoice', 'preview', demo.partner, '--month', month)) as Preview;
          const kinds = new Set(now.lines.map(({ kind }) => kind));
          return (
            ['hub-hours', 'node-hours-active', 'node-hours-standby', 'mailboxes', 'gb-hours', 'messages'].every(
              (kind) => kinds.has(kind),
            ) && now
          );
        },
        90_000,
      );
      assert.equal(
        preview.lines.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
        preview.subtotalMinor,
      );
      assert.equal(preview.subtotalMinor + preview.taxMinor, preview.totalMinor);
    });
  });
});

function message(number: number, recipient: string): string {
  const filler = createHash('sha512').update(String(number)).digest('base64');
  const lines = Array.from(
    { length: 1 + (number % 40) },
    (_, line) => `${line % 7 === 0 ? '.' : ''}${filler.slice(line % 20)} \t`,
  );
  return `From: sender@outside.example\r\nTo: ${recipient}\r\nX-Probe: ${number}\r\nX-Number: ${number}.\r\nSubject: Probe ${number}\r\n\r\n${lines.join('\r\n')}\r\n`;
}

type User = ClusterFile['demo']['users'][number];

async function imaplib(port: number, user: User, directory: string): Promise<string[]> {
  const script = join(directory, 'fetch.py');
  writeFileSync(
    script,
    `import imaplib, ssl, sys, json
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
box = imaplib.IMAP4_SSL('127.0.0.1', ${port}, ssl_context=context)
box.login(sys.argv[1], sys.argv[2]); box.select('INBOX')
_, found = box.uid('SEARCH', None, 'SUBJECT', 'Probe')
texts = []
uids = found[0].split()
for start in range(0, len(uids), 50):
    _, parts = box.uid('FETCH', b','.join(uids[start:start + 50]), '(BODY.PEEK[])')
    texts += [part[1].decode('latin1') for part in parts if isinstance(part, tuple)]
box.logout(); print(json.dumps(texts))
`,
  );
  const { stdout } = await exec('python3', [script, user.email, user.password], { maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as string[];
}

async function mbsync(port: number, user: User, directory: string): Promise<string[]> {
  mkdirSync(join(directory, 'mail'), { recursive: true });
  const config = join(directory, 'mbsyncrc');
  writeFileSync(
    config,
    `IMAPAccount hub\nHost 127.0.0.1\nPort ${port}\nUser ${user.email}\nPass ${user.password}\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount hub\n
MaildirStore near\nPath ${directory}/mail/\nInbox ${directory}/mail/INBOX\nSubFolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n`,
  );
  await exec('mbsync', ['-q', '-c', config, 'all'], { maxBuffer: 1 << 26 });
  return ['new', 'cur']
    .flatMap((part) =>
      readdirSync(join(directory, 'mail/INBOX', part)).map((file) =>
        readFileSync(join(directory, 'mail/INBOX', part, file), 'latin1'),
      ),
    )
    .filter((text) => text.includes('X-Probe: '));
}
