import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createVolume, openVolume } from '#mailstore/volume';
import { messageParser } from '#protocol/message';
import { silentLogger, systemClock, systemContext } from '#stdx';
import { temporaryDirectory } from '#testing';
import { runCli } from '../cli.ts';

const context = systemContext('backup');
const identity = { volumeId: 'v', clusterId: 'c' };
const open = (path: string, epoch: number) =>
  openVolume({ path, ...identity, epoch, clock: systemClock, logger: silentLogger, parse: messageParser });

describe('rookery backup unpack', () => {
  it('makes a volume of a backup, in an empty directory alone', async () => {
    using directory = temporaryDirectory();
    const [path, backups, again] = ['volume', 'backups', 'again'].map((name) => join(directory.path, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(path);
    await createVolume(path, identity);
    const store = await open(path, 1);
    await store.ensureAccount(context, { accountId: 'a', email: 'a@x.example', partnerId: 'p', quotaBytes: 0 });
    const { name } = await store.backup.createBackup(backups);
    await store.close();
    const clusterFile = join(directory.path, 'cluster.json');
    writeFileSync(clusterFile, JSON.stringify({ api: { url: 'http://127.0.0.1:1' }, operator: { apiKey: 'k' } }));
    const said: string[] = [];
    const rookery = (...args: string[]): Promise<number> =>
      runCli(['backup', 'unpack', ...args], {
        ...{ environment: { ROOKERY_CLUSTER: clusterFile }, readInput: async () => '' },
        ...{ print: (line) => said.push(line), complain: (line) => said.push(line) },
      });
    assert.equal(await rookery(backups, 'v', name, again), 0, said.join());
    assert.equal(await rookery(backups, 'v', name, again), 1);
    assert.match(said.at(-1) ?? '', /is not empty/);
    assert.equal(await rookery(backups, 'v', 'none', join(directory.path, 'third')), 1);
    const restored = await open(again, 2);
    assert.equal((await restored.account(context, 'a')).email, 'a@x.example');
    await restored.close();
  });
});
