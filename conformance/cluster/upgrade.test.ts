import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { RELEASE } from '#stdx';
import { until } from '#testing';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { doubleOwners } from './epochs.ts';
import { wholeAgain } from './faults.ts';
import { Ledger } from './ledger.ts';
import { type OtherRelease, releaseAfter } from './other-release.ts';
import { underLoad, Worker } from './planned.ts';
import { assertUnnoticed } from './planned-assert.ts';

interface Members {
  readonly featureLevel: number;
  readonly hubs: readonly { readonly name: string; readonly state: string; readonly version: string }[];
  readonly nodes: readonly {
    readonly name: string;
    readonly state: string;
    readonly version: string;
    readonly load: { readonly volumes: number };
  }[];
}

/** What an operator's hook does, here: point the link at the release, and have the supervisor start the member again. */
const HOOK = `#!${process.execPath}
const { readFileSync, rmSync, symlinkSync } = require('node:fs');
const [role, name, version] = process.argv.slice(2);
const { ROOKERY_TEST_CLUSTER: file, ROOKERY_TEST_RELEASES: releases } = process.env;
rmSync(releases + '/current', { force: true });
symlinkSync(releases + '/' + version, releases + '/current');
const member = JSON.parse(readFileSync(file, 'utf8'))[role + 's'].find((each) => each.name === name);
process.kill(member.pid, 'SIGTERM');
`;

/** `user_version` in the file, as whoever closed the index last left it (https://sqlite.org/fileformat.html §1.3). */
const formatOf = (cluster: EmbeddedCluster, volume: string): number =>
  readFileSync(join(cluster.directory, 'volumes', volume, 'index.db')).readUInt32BE(60);

describe('a cluster of two releases', () => {
  let cluster: EmbeddedCluster;
  let next: OtherRelease;
  let beyond: OtherRelease;
  const releases = mkdtempSync(join(tmpdir(), 'rookery-releases-'));
  const current = join(releases, 'current');
  const hook = join(releases, 'hook.cjs');

  before(async () => {
    const root = process.env['ROOKERY_TEST_ROOT'] ?? process.cwd();
    // Two after the next.
    [next, beyond] = [releaseAfter(1), releaseAfter(3)];
    symlinkSync(root, join(releases, RELEASE.version));
    for (const { version, path } of [next, beyond]) symlinkSync(path, join(releases, version));
    symlinkSync(root, current);
    writeFileSync(hook, HOOK);
    chmodSync(hook, 0o755);
    cluster = await EmbeddedCluster.start(['--restart', '--program', current]);
    process.env['ROOKERY_TEST_CLUSTER'] = cluster.path;
    process.env['ROOKERY_TEST_RELEASES'] = releases;
  });
  after(async () => {
    await cluster.stop();
    rmSync(releases, { recursive: true, force: true });
    for (const release of [next, beyond]) release[Symbol.dispose]();
  });

  const members = async (): Promise<Members> => (await cluster.cli('member', 'list')) as Members;
  const versions = async (): Promise<Record<string, string>> => {
    const { hubs, nodes } = await members();
    return Object.fromEntries([...hubs, ...nodes].map(({ name, version }) => [name, version]));
  };
  const upgrade = (only: string, to: string) =>
    cluster.cli('upgrade', 'run', '--to', to, '--only', only, '--hook', hook);
  /** Started anew as another release, without the command. */
  const replaceBy = async (name: string, version: string): Promise<void> => {
    rmSync(current);
    symlinkSync(join(releases, version), current);
    const pid = () => cluster.file.nodes.find((node) => node.name === name)?.pid;
    const before = pid();
    process.kill(before ?? 0, 'SIGTERM');
    await until(`${name} to be started again`, () => pid() !== before && pid() !== null, 60_000);
  };

  it('is migrated by the next release while this one runs', async () => {
    const { migrate } = (await import(pathToFileURL(join(next.path, 'dist/migrations/index.js')).href)) as {
      migrate(url: string): Promise<string[]>;
    };
    assert.deepEqual(await migrate(cluster.file.postgres.url), ['NextRelease1799999999000']);
    await wholeAgain(cluster);
  });

  it('has its nodes upgraded one by one, and one rolled back, and nobody notices', async () => {
    const report = await underLoad(cluster, async () => {
      await upgrade('node-3', next.version);
      assert.deepEqual(await versions(), {
        ...{ 'hub-1': RELEASE.version, 'hub-2': RELEASE.version },
        ...{ 'node-1': RELEASE.version, 'node-2': RELEASE.version, 'node-3': next.version },
      });
      await upgrade('node-1,node-2', next.version);
      await upgrade('node-2', RELEASE.version);
      await upgrade('node-2', next.version);
      return [];
    });
    assertUnnoticed(report);
    assert.deepEqual(doubleOwners(cluster).broken, []);
  });

  it('has its hubs upgraded one by one, unnoticed through the other, and no message is lost through either', async () => {
    const { users } = cluster.file.demo;
    for (const hub of ['hub-1', 'hub-2']) {
      await using ledger = new Ledger();
      const { hubs } = cluster.file;
      const others = hubs.filter(({ name }) => name !== hub).map(({ ports }) => ports);
      const own = hubs.filter(({ name }) => name === hub).map(({ ports }) => ports.smtp);
      ledger.startSender(
        [...own, ...others.map(({ smtp }) => smtp)],
        users.map(({ email }) => email),
      );
      const workers = await Promise.all(users.map((user) => Worker.start(others[0]?.imap ?? 0, user)));
      await upgrade(hub, next.version);
      await Promise.all(workers.map((worker) => worker.stop()));
      await ledger.stop();
      assert.equal(workers.filter(({ disconnected }) => disconnected).length, 0, `through the other than ${hub}`);
      const { missing, altered, doubled } = await ledger.check(others[0]?.imap ?? 0, users);
      assert.deepEqual([missing, altered, doubled], [[], [], []]);
      assert.ok(ledger.acknowledged.size > 20);
    }
    assert.deepEqual(new Set(Object.values(await versions())), new Set([next.version]));
  });

  it('uses the new formats once it is told to, and then no older node gets a volume', async () => {
    assert.equal((await members()).featureLevel, 1);
    const format = formatOf(cluster, 'volume-1');
    await cluster.cli('upgrade', 'finish');
    assert.equal((await members()).featureLevel, 2);
    await replaceBy('node-3', RELEASE.version);
    const at = async (name: string) => (await members()).nodes.find((node) => node.name === name);
    await until('node-3 to be back', async () => (await at('node-3'))?.version === RELEASE.version, 60_000);
    await cluster.cli('node', 'drain', 'node-1', '--wait');
    assert.deepEqual([(await at('node-3'))?.load.volumes, (await at('node-2'))?.load.volumes], [0, 2]);
    await cluster.cli('node', 'undrain', 'node-1');
    await cluster.cli('volume', 'move', 'volume-1', '--to', 'node-1', '--wait');
    await wholeAgain(cluster);
    assert.equal(formatOf(cluster, 'volume-1'), format + 1);
  });

  it('keeps out a node two releases ahead, says why, and takes it back as its own', async () => {
    await replaceBy('node-3', beyond.version);
    const refused = async () => (await members()).nodes.find(({ name }) => name === 'node-3');
    await until('node-3 to be known for what it is', async () => (await refused())?.version === beyond.version, 60_000);
    assert.equal((await refused())?.state, 'down');
    const events = (await cluster.cli('cluster', 'events')) as {
      kind: string;
      name: string;
      detail: { reason?: string };
    }[];
    const reason = events.findLast(({ kind }) => kind === 'memberRefused')?.detail.reason ?? '';
    const { newest } = RELEASE.protocol;
    const hub = `the hub is release ${next.version} and speaks protocol ${newest}–${newest + 1}`;
    const node = `this node is ${beyond.version} and speaks ${newest + 2}–${newest + 3}`;
    assert.ok(reason.includes(`${hub}, ${node}`), reason);
    await upgrade('node-3', next.version);
    await wholeAgain(cluster);
    assert.equal((await versions())['node-3'], next.version);
  });
});
