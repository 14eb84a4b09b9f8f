import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { temporaryDirectory } from '#testing';
import { type HubWorld, hubWorld, passwordOf } from './world.ts';

const ALICE = 'alice@acme.test';
const SIEVE_CONNECT = '/usr/bin/sieve-connect';
const missing = existsSync(SIEVE_CONNECT) ? false : 'sieve-connect is not installed';

/** One run of sieve-connect, which speaks STARTTLS first; what it printed. */
async function sieveConnect(world: HubWorld, ...options: string[]): Promise<string> {
  const port = String(world.ports.managesieve);
  const to = ['--server', '127.0.0.1', '--port', port, '--4', '--notlsverify', '--nosslverify'];
  const as = ['--user', ALICE, '--authmech', 'PLAIN', '--passwordfd', '0'];
  const client = spawn(SIEVE_CONNECT, [...to, ...as, ...options], { stdio: ['pipe', 'pipe', 'pipe'] });
  client.stdin.end(`${passwordOf(ALICE)}\n`);
  const [out, err] = await Promise.all([text(client.stdout), text(client.stderr)]);
  if (client.exitCode === null) await new Promise((resolve) => client.once('exit', resolve));
  return `${out}${err}exit ${client.exitCode}`;
}

describe('ManageSieve with other programs', () => {
  it('sieve-connect uploads, lists, activates, downloads and deletes', { skip: missing }, async () => {
    await using world = await hubWorld({ managesieve: { plainLogin: false } });
    using directory = temporaryDirectory();
    const [local, back, bad] = ['main.sieve', 'back.sieve', 'bad.sieve'].map((name) => join(directory.path, name));
    const script = 'require "fileinto";\r\nif header :contains "subject" "Grüße" {\r\n  fileinto "Post";\r\n}\r\n';
    writeFileSync(local!, script);
    writeFileSync(bad!, 'nonsense;\r\n');
    const run = async (...options: string[]): Promise<string> => sieveConnect(world, ...options);
    assert.match(await run('--localsieve', local!, '--remotesieve', 'main', '--upload'), /exit 0$/);
    assert.match(await run('--remotesieve', 'main', '--activate'), /exit 0$/);
    assert.match(await run('--list'), /"main" ACTIVE[\s\S]*exit 0$/);
    assert.match(await run('--localsieve', back!, '--remotesieve', 'main', '--download'), /exit 0$/);
    assert.equal(readFileSync(back!, 'utf8').replaceAll('\r\n', '\n'), script.replaceAll('\r\n', '\n'));
    assert.match(await run('--localsieve', bad!, '--remotesieve', 'bad', '--upload'), /unknown command/);
    assert.match(await run('--remotesieve', 'main', '--delete'), /active script cannot be deleted/);
    assert.match(await run('--deactivate'), /exit 0$/);
    assert.match(await run('--remotesieve', 'main', '--delete'), /exit 0$/);
    assert.doesNotMatch(await run('--list'), /main/);
  });
});
