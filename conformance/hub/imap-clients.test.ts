import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ImapFlow } from 'imapflow';
import { temporaryDirectory } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const exec = promisify(execFile);
const MANY_BYTES = { maxBuffer: 1 << 26 } as const;
const without = (command: string): string | false =>
  spawnSync(command, ['--version']).error === undefined ? false : `${command} is not installed`;

const ALICE = 'alice@acme.test';
const mail = (subject: string): string => `From: bob@acme.test\r\nSubject: ${subject}\r\n\r\nbody of ${subject}\r\n`;

/** Subjects in Alice's inbox, as another client sees them. */
async function subjects(world: HubWorld): Promise<string[]> {
  const client = await world.signedIn(ALICE);
  await client.ok('EXAMINE INBOX');
  const fetched = await client.ok('UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])');
  client.close();
  return fetched.flatMap((response) => /Subject: (.*)\r\n/.exec(response)?.[1] ?? []).sort();
}

/** Messages in a Maildir. */
const countOf = (path: string): number =>
  ['new', 'cur'].reduce((sum, part) => sum + readdirSync(join(path, part)).length, 0);

async function fill(world: HubWorld, ...what: readonly string[]): Promise<void> {
  const client = await world.signedIn(ALICE);
  for (const subject of what) await client.append('INBOX', mail(subject));
  await client.ok('LOGOUT');
}

/** Runs a Python program with host, port, user and password as its arguments; what it prints is JSON. */
async function python(world: HubWorld, directory: string, program: string): Promise<unknown> {
  const file = join(directory, 'client.py');
  writeFileSync(file, program);
  const { stdout } = await exec('python3', [file, String(world.ports.imap), ALICE, passwordOf(ALICE)], MANY_BYTES);
  return JSON.parse(stdout);
}

describe('mail programs at a whole hub and node', () => {
  it('curl appends, lists, searches and reads', { skip: without('curl') }, async () => {
    await using world = await hubWorld();
    using directory = temporaryDirectory();
    const url = `imap://127.0.0.1:${world.ports.imap}`;
    const curl = async (...args: readonly string[]): Promise<string> =>
      (await exec('curl', ['-sS', '--user', `${ALICE}:${passwordOf(ALICE)}`, ...args], MANY_BYTES)).stdout;
    const file = join(directory.path, 'message');
    writeFileSync(file, mail('by curl'));
    await curl('-T', file, `${url}/INBOX`);
    assert.match(await curl(url), /LIST \(.*\\Sent.*\) "\/" Sent\r\n/);
    assert.match(await curl(`${url}/INBOX?SUBJECT%20curl`), /SEARCH 1\r\n/);
    assert.equal(await curl(`${url}/INBOX;UID=1`), mail('by curl'));
    assert.match(await curl(`${url}/INBOX;UID=1/;SECTION=HEADER.FIELDS%20(SUBJECT)`), /^Subject: by curl\r\n/);
    assert.match(await curl(url, '-X', 'STATUS INBOX (MESSAGES)'), /MESSAGES 1/);
  });

  it('imaplib appends, flags, sorts, threads, searches in UTF-8, expunges', { skip: without('python3') }, async () => {
    await using world = await hubWorld();
    using directory = temporaryDirectory();
    const told = await python(
      world,
      directory.path,
      `import imaplib, json, sys
box = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
box.login(sys.argv[2], sys.argv[3])
for subject in ('milk', 'tea', 'Re: tea', '=?utf-8?q?gr=C3=BC=C3=9Fe?='):
    box.append('INBOX', '', None, ('Subject: %s\\r\\n\\r\\nbody\\r\\n' % subject).encode())
box.enable('UTF8=ACCEPT')
box.select('INBOX')
box.store('1', '+FLAGS', '(\\\\Deleted)')
told = {
    'capable': [name in box.capability()[1][0].decode().upper().split() for name in ('IMAP4REV2', 'SORT', 'THREAD=REFERENCES', 'BINARY', 'MOVE')],
    'sorted': box.sort('(REVERSE SUBJECT)', 'UTF-8', 'ALL')[1][0].decode(),
    'threads': box.thread('REFERENCES', 'UTF-8', 'ALL')[1][0].decode(),
    'found': box.search(None, 'SUBJECT', '"gr\\u00fc\\u00dfe"')[1][0].decode(),
    'expunged': [number.decode() for number in box.expunge()[1]],
}
told['left'] = box.uid('SEARCH', None, 'ALL')[1][0].decode()
box.logout()
print(json.dumps(told))
`,
    );
    assert.deepEqual(told, {
      capable: [true, true, true, true, true],
      sorted: '2 3 1 4',
      threads: '(1)(2 3)(4)',
      found: '4',
      expunged: ['1'],
      left: '2 3 4',
    });
  });

  it('mbsync brings both sides together, twice', { skip: without('mbsync') }, async () => {
    await using world = await hubWorld();
    using directory = temporaryDirectory();
    const near = join(directory.path, 'mail');
    mkdirSync(near);
    const config = join(directory.path, 'mbsyncrc');
    writeFileSync(
      config,
      `IMAPAccount hub\nHost 127.0.0.1\nPort ${world.ports.imap}\nUser ${ALICE}\nPass "${passwordOf(ALICE)}"\nSSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount hub\n
MaildirStore near\nPath ${near}/\nInbox ${near}/INBOX\nSubFolders Verbatim\n\nChannel all\nFar :far:\nNear :near:\nPatterns INBOX Sent\nCreate Both\nExpunge Both\nSync All\nSyncState *\n`,
    );
    const sync = () => exec('mbsync', ['-q', '-c', config, 'all'], MANY_BYTES);
    await fill(world, 'one', 'two');
    await sync();
    assert.equal(countOf(join(near, 'INBOX')), 2);
    writeFileSync(join(near, 'INBOX/new/1.local'), mail('three').replaceAll('\r\n', '\n'));
    const client = await world.signedIn(ALICE);
    await client.ok('SELECT INBOX');
    await client.ok('STORE 1 +FLAGS (\\Deleted)');
    await client.ok('EXPUNGE');
    await sync();
    assert.deepEqual(await subjects(world), ['three', 'two']);
    assert.equal(countOf(join(near, 'INBOX')), 2);
  });

  it('offlineimap brings both sides together, twice', { skip: without('offlineimap') }, async () => {
    await using world = await hubWorld();
    using directory = temporaryDirectory();
    const near = join(directory.path, 'mail');
    const config = join(directory.path, 'offlineimaprc');
    writeFileSync(
      config,
      `[general]\naccounts = a\nui = quiet\nmetadata = ${directory.path}/meta\n[Account a]\nlocalrepository = near\nremoterepository = far\n[Repository near]\ntype = Maildir\nlocalfolders = ${near}\n[Repository far]\ntype = IMAP\nremotehost = 127.0.0.1\nremoteport = ${world.ports.imap}\nremoteuser = ${ALICE}\nremotepass = ${passwordOf(ALICE)}\nssl = no\nstarttls = no\nauth_mechanisms = LOGIN\nfolderfilter = lambda name: name == 'INBOX'\n`,
    );
    const sync = () => exec('offlineimap', ['-c', config, '-o', '-1'], MANY_BYTES);
    await fill(world, 'one', 'two');
    await sync();
    assert.equal(countOf(join(near, 'INBOX')), 2);
    writeFileSync(join(near, 'INBOX/new/1.local'), mail('three').replaceAll('\r\n', '\n'));
    await sync();
    assert.deepEqual(await subjects(world), ['one', 'three', 'two']);
  });

  it('mutt reads a message and saves it elsewhere', { skip: without('mutt') || without('script') }, async () => {
    await using world = await hubWorld();
    using directory = temporaryDirectory();
    await fill(world, 'for mutt');
    const config = join(directory.path, 'muttrc');
    const read = join(directory.path, 'read');
    writeFileSync(
      config,
      `set folder=${directory.path}\nset imap_user="${ALICE}"\nset imap_pass="${passwordOf(ALICE)}"\nset ssl_starttls=no\nset ssl_force_tls=no\nset imap_authenticators="login"\nset header_cache=""\nset confirmappend=no\nset confirmcreate=no\nset wait_key=no\nset delete=yes\nset quit=yes\nset imap_idle=yes\nset move=no\n`,
    );
    const box = `imap://127.0.0.1:${world.ports.imap}`;
    const keys = `<pipe-message>cat > ${read}<enter><save-message>${box}/Archive<enter><sync-mailbox><exit>`;
    const mutt = `mutt -n -F ${config} -f ${box}/INBOX -e 'push "${keys}"'`;
    const environment = { ...process.env, TERM: 'xterm', HOME: directory.path };
    await exec('script', ['-qec', mutt, '/dev/null'], { ...MANY_BYTES, timeout: 60_000, env: environment });
    assert.match(readFileSync(read, 'latin1'), /body of for mutt/);
    assert.deepEqual(await subjects(world), []);
    const client = await world.signedIn(ALICE);
    assert.deepEqual(await client.ok('STATUS Archive (MESSAGES)'), ['STATUS Archive (MESSAGES 1)']);
  });

  it('imapflow enables what it can, and hears of mail in IDLE', async () => {
    await using world = await hubWorld();
    const auth = { user: ALICE, pass: passwordOf(ALICE) };
    const flow = new ImapFlow({
      ...{ host: '127.0.0.1', port: world.ports.imap, secure: false, doSTARTTLS: false, auth, logger: false },
    });
    await flow.connect();
    assert.ok(flow.enabled.size > 0);
    const lock = await flow.getMailboxLock('INBOX');
    const heard = new Promise<number>((resolve) =>
      flow.once('exists', ({ count }: { count: number }) => resolve(count)),
    );
    const idle = flow.idle();
    await fill(world, 'news');
    assert.equal(await heard, 1);
    await flow.noop();
    await idle;
    const one = await flow.fetchOne('1', { envelope: true, threadId: true, source: true });
    assert.ok(one);
    assert.equal(one.envelope?.subject, 'news');
    assert.match(one.emailId ?? '', /^M/);
    lock.release();
    await flow.logout();
  });
});
