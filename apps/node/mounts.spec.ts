import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MountError, StillMountedError, VolumeIdentityError, VolumeLockedError } from '#cluster/agent';
import type { MountSpec } from '#cluster/api';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { startGluster, temporaryDirectory, until } from '#testing';
import { ColdStorages } from './cold-storages.ts';
import { LocalVolumeHost, type NodeVolume } from './volume-host.ts';

const HOLDER = fileURLToPath(new URL('../../libs/mailstore/volume/lock-holder.js', import.meta.url));
const [VOLUME, CLUSTER] = ['v', 'c'];
/** What comes back for a storage system that cannot be had here: why. */
type Missing = string;

/** Real storage for one volume, and how a node is told to mount it. */
interface Storage {
  readonly mount: MountSpec;
  stop(): Promise<void>;
}

const hostOf = (): LocalVolumeHost =>
  new LocalVolumeHost(
    { clusterId: CLUSTER, fenceAllow: [], mountAllow: [], mountTimeoutMs: 30_000, storageLookMs: 5_000 },
    new ColdStorages(
      { credentialsFile: undefined, credentials: undefined, readTimeoutMs: 1_000, writeTimeoutMs: 1_000 },
      systemClock,
      systemRandom,
    ),
    systemClock,
    silentLogger,
  );

const isMounted = (path: string): boolean => readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
const open = (host: LocalVolumeHost, path: string, epoch: number): Promise<NodeVolume> =>
  host.open(path, { volumeId: VOLUME, epoch, featureLevel: 1, cold: null });

/** Another process that owns the volume until it is killed. */
async function ownerOf(path: string, epoch: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [HOLDER, path, String(epoch)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(child.stdout, 'data');
  assert.equal(String(said), 'open');
  return child;
}

function run(executable: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(executable, args, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(`${executable} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout.trim();
}

function blockDevice(directory: string): Storage | Missing {
  if (process.getuid?.() !== 0) return 'needs root: loop devices';
  const image = join(directory, 'image');
  writeFileSync(image, '');
  truncateSync(image, 128 << 20);
  let device: string;
  try {
    run('mkfs.ext4', '-q', image);
    device = run('losetup', '--find', '--show', image);
  } catch (error) {
    return `no loop device to be had: ${(error as Error).message}`;
  }
  const mount: MountSpec = { driver: 'block', path: join(directory, 'mount'), args: [device, 'ext4'] };
  return {
    mount,
    async stop() {
      spawnSync('umount', ['--lazy', mount.path]);
      run('losetup', '--detach', device);
    },
  };
}

async function gluster(directory: string): Promise<Storage | Missing> {
  const host = '127.0.0.9';
  const server = await startGluster({ directory, host, volumes: ['mail'] });
  if (typeof server === 'string') return server;
  const mount: MountSpec = { driver: 'glusterfs', path: join(directory, 'mount'), args: [`${host}:/mail`] };
  return {
    mount,
    async stop() {
      spawnSync('umount', ['--lazy', mount.path]);
      await server.stop();
    },
  };
}

const STORAGES = { 'a block device (ext4 on a loop device)': blockDevice, GlusterFS: gluster };

for (const [name, make] of Object.entries(STORAGES)) {
  describe(`a volume on ${name}`, () => {
    it('is mounted, proved, handed over when its owner is killed, and unmounted', async (t) => {
      using directory = temporaryDirectory();
      const storage = await make(directory.path);
      if (typeof storage === 'string') return t.skip(storage);
      const { mount } = storage;
      try {
        const host = hostOf();
        const path = await host.mount(mount, true);
        assert.equal(isMounted(path), true);
        await host.identify(path, VOLUME, true);
        assert.equal(await host.mount(mount, false), path, 'once is enough');

        const owner = await ownerOf(path, 1);
        await assert.rejects(open(host, path, 2), VolumeLockedError);
        const killedAt = performance.now();
        owner.kill('SIGKILL');
        const volume = await until('the lock', () => open(host, path, 2).catch(() => undefined), 10_000);
        t.diagnostic(`lock free ${Math.round(performance.now() - killedAt)} ms after kill -9`);

        await volume.close();
        assert.equal(isMounted(path), false);
        // Where nothing is mounted nothing is served, and nothing is made.
        await assert.rejects(open(host, path, 3), VolumeIdentityError);

        await host.mount(mount, false);
        const again = await open(host, path, 3);
        const busy = spawn('sleep', ['60'], { cwd: path, stdio: 'ignore' });
        await assert.rejects(
          again.close(),
          (error) => error instanceof StillMountedError && /busy/.test(error.message),
        );
        busy.kill('SIGKILL');
        await once(busy, 'exit');
        await host.unmount(mount);
        assert.equal(isMounted(path), false);
      } finally {
        await storage.stop();
      }
    });
  });
}

describe('a mount that fails', () => {
  it('says what the storage said', async () => {
    using directory = temporaryDirectory();
    const args = ['/dev/rookery-no-such-device', 'ext4'];
    const mount: MountSpec = { driver: 'block', path: join(directory.path, 'm'), args };
    await assert.rejects(
      hostOf().mount(mount, true),
      (error) => error instanceof MountError && /failed 3 times/.test(error.message),
    );
  });
});
