import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { temporaryDirectory } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const exec = promisify(execFile);
const ALICE = 'alice@acme.test';
const missing = (program: string): string | false =>
  existsSync(`/usr/bin/${program}`) ? false : `${program} is not installed`;

const texts = Array.from(
  { length: 20 },
  (_, i) => `Subject: m${i}\r\nX-Number: ${i}\r\n\r\n.dot\r\n${'word '.repeat(i * 7)}\r\n.\r\nend\r\n`,
);

async function filled(world: HubWorld): Promise<void> {
  const imap = await world.signedIn(ALICE);
  for (const text of texts) await imap.append('INBOX', text);
}

describe('POP3 with other programs', () => {
  it("Python's poplib, plain, under TLS and with STLS", { skip: missing('python3') }, async () => {
    await using world = await hubWorld();
    await filled(world);
    using directory = temporaryDirectory();
    const script = join(directory.path, 'fetch.py');
    writeFileSync(
      script,
      `import poplib, ssl, sys, json
context = ssl.create_default_context(); context.check_hostname = False; context.verify_mode = ssl.CERT_NONE
plain, secure, name, password = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
def sign_in(box):
    box.user(name); box.pass_(password); return box
first = sign_in(poplib.POP3('127.0.0.1', plain))
count, octets = first.stat()
texts = ['\\r\\n'.join(line.decode('latin1') for line in first.retr(i + 1)[1]) + '\\r\\n' for i in range(count)]
top = [line.decode() for line in first.top(1, 1)[1]]
first.dele(1); first.rset(); first.dele(2); first.quit()
second = sign_in(poplib.POP3_SSL('127.0.0.1', secure, context=context))
ids = [line.decode() for line in second.uidl()[1]]; second.quit()
third = poplib.POP3('127.0.0.1', plain); third.stls(context); third.utf8(); sign_in(third)
again = [line.decode() for line in third.uidl()[1]]; third.quit()
print(json.dumps({'octets': octets, 'texts': texts, 'top': top, 'ids': ids, 'same': ids == again}))
`,
    );
    const { pop3, pop3s } = world.ports;
    const { stdout } = await exec('python3', [script, String(pop3), String(pop3s), ALICE, passwordOf(ALICE)]);
    const found = JSON.parse(stdout);
    assert.deepEqual(found.texts, texts);
    assert.equal(found.octets, texts.join('').length);
    assert.deepEqual(found.top, ['Subject: m0', 'X-Number: 0', '', '.dot']);
    assert.equal(found.ids.length, texts.length - 1);
    assert.equal(found.same, true);
  });

  for (const scheme of ['pop3', 'pop3s'] as const)
    it(`curl ${scheme}`, { skip: missing('curl') }, async () => {
      await using world = await hubWorld();
      await filled(world);
      const user = ['--max-time', '10', '--user', `${ALICE}:${passwordOf(ALICE)}`];
      const url = `${scheme}://127.0.0.1:${world.ports[scheme]}`;
      const list = await exec('curl', ['-sk', ...user, `${url}/`]);
      assert.equal(list.stdout.trim().split('\r\n').length, texts.length);
      const one = await exec('curl', ['-sk', ...user, `${url}/7`]);
      assert.equal(one.stdout, texts[6]);
      await exec('curl', ['-sk', ...user, '-I', '--request', 'DELE 7', url]);
      const after = await exec('curl', ['-sk', ...user, '--request', 'UIDL', `${url}/`]);
      assert.equal(after.stdout.trim().split('\r\n').length, texts.length - 1);
    });

  it('mpop, pipelining, first keeping what it fetches, then taking it away', { skip: missing('mpop') }, async () => {
    await using world = await hubWorld();
    await filled(world);
    using directory = temporaryDirectory();
    const maildir = join(directory.path, 'mail');
    for (const part of ['', 'cur', 'new', 'tmp']) mkdirSync(join(maildir, part), { recursive: true });
    const config = join(directory.path, 'mpoprc');
    const account = `account hub\nhost 127.0.0.1\nport ${world.ports.pop3}\nuser ${ALICE}\npassword ${passwordOf(ALICE)}\nauth user\ntls off`;
    const delivery = `pipelining on\ndelivery maildir ${maildir}\nuidls_file ${directory.path}/uidls`;
    const run = async (keep: 'on' | 'off'): Promise<string[]> => {
      writeFileSync(config, `${account}\n${delivery}\nkeep ${keep}\n`, { mode: 0o600 });
      await exec('mpop', ['-q', '-C', config, 'hub']);
      return readdirSync(join(maildir, 'new'));
    };
    const first = await run('on');
    assert.equal(first.length, texts.length);
    const got = first.map((name) => readFileSync(join(maildir, 'new', name), 'latin1'));
    for (const text of texts) assert.ok(got.some((one) => one.endsWith(text.replaceAll('\r\n', '\n'))));
    const imap = await world.signedIn(ALICE);
    await imap.append('INBOX', 'Subject: late\r\n\r\nlate\r\n');
    // Unique ids tell it that only one is new.
    assert.equal((await run('off')).length, texts.length + 1);
    assert.deepEqual(await imap.ok('STATUS INBOX (MESSAGES)'), ['STATUS INBOX (MESSAGES 0)']);
  });
});
