import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { MountSpec } from '#cluster/api';
import { seededRandom, silentLogger, systemClock } from '#stdx';
import { temporaryDirectory } from '#testing';
import { MountError } from '../volume-host.ts';
import { type Command, MountArgumentError, mountPlan, mountProblem } from './drivers.ts';
import { mountedAt } from './mount-table.ts';
import { Mounter, type MounterSettings } from './mounter.ts';
import { CommandError, runCommand } from './run-command.ts';

const spec = (driver: MountSpec['driver'], ...args: string[]): MountSpec => ({ driver, path: '/mnt/v', args });
const lineOf = (mount: MountSpec): string => mountPlan(mount)?.mount.join(' ') ?? '';
const SAFE = 'nosuid,nodev,noexec,noatime';

describe('mount drivers', () => {
  const good: readonly [MountSpec, string][] = [
    [spec('local'), ''],
    [
      spec('nfs', 'nas:/export/v1', 'nfsvers=4.2'),
      `mount -t nfs4 -o ${SAFE},hard,nfsvers=4.2 -- nas:/export/v1 /mnt/v`,
    ],
    [spec('nfs', '[fd00::1]:/v'), `mount -t nfs4 -o ${SAFE},hard -- [fd00::1]:/v /mnt/v`],
    [
      spec('smb', '//nas/mail', 'credentials=/etc/cred'),
      `mount -t smb3 -o ${SAFE},credentials=/etc/cred -- //nas/mail /mnt/v`,
    ],
    [spec('cifs', '//nas/mail/v1'), `mount -t cifs -o ${SAFE} -- //nas/mail/v1 /mnt/v`],
    [
      spec('glusterfs', 'g1:/vol', 'backup-volfile-servers=g2'),
      'mount -t glusterfs -o noatime,backup-volfile-servers=g2 -- g1:/vol /mnt/v',
    ],
    [
      spec('ceph', 'm1:6789,m2:/v', 'name=mail,secretfile=/etc/k'),
      `mount -t ceph -o ${SAFE},name=mail,secretfile=/etc/k -- m1:6789,m2:/v /mnt/v`,
    ],
    [spec('ceph', 'mail@.fs=/v'), `mount -t ceph -o ${SAFE} -- mail@.fs=/v /mnt/v`],
    [spec('block', '/dev/disk/by-id/x-1', 'ext4'), `mount -t ext4 -o ${SAFE} -- /dev/disk/by-id/x-1 /mnt/v`],
    [spec('command', '/usr/local/bin/m', '; rm -rf /', '$(x)'), '/usr/local/bin/m mount /mnt/v ; rm -rf / $(x)'],
  ];
  for (const [mount, line] of good) {
    it(`${mount.driver} ${mount.args.join(' ')}`, () => assert.equal(lineOf(mount), line));
  }

  const bad: readonly MountSpec[] = [
    spec('local', 'x'),
    { driver: 'local', path: 'relative', args: [] },
    { driver: 'local', path: '/a/../etc', args: [] },
    { driver: 'local', path: '/', args: [] },
    spec('nfs'),
    spec('nfs', '-o exec'),
    spec('nfs', 'nas:/v;reboot'),
    spec('nfs', 'nas:/v', 'nolock'),
    spec('nfs', 'nas:/v', 'local_lock=all'),
    spec('nfs', 'nas:/v', 'soft'),
    spec('nfs', 'nas:/v', 'rw, exec'),
    spec('nfs', 'nas:/v', 'rw', 'more'),
    spec('smb', '//nas/mail', 'password=x'),
    spec('cifs', '//nas/mail', 'nobrl'),
    spec('ceph', 'm1:/', 'secret=x'),
    spec('glusterfs', 'g1'),
    spec('block', '/etc/passwd', 'ext4'),
    spec('block', '/dev/../etc/x', 'ext4'),
    spec('block', '/dev/sda1', 'vfat'),
    spec('block', '/dev/sda1', 'ext4', 'noload'),
    spec('command'),
    spec('command', 'mount'),
    spec('command', '/bin/../bin/x'),
  ];
  for (const mount of bad) {
    it(`refuses ${mount.driver} ${mount.path} ${mount.args.join(' ')}`, () =>
      assert.match(mountProblem(mount) ?? '', /./));
  }

  it('throws nothing else, whatever is given, and lets no argument pass for an option', () => {
    const random = seededRandom(9);
    const drivers = ['nfs', 'smb', 'cifs', 'glusterfs', 'ceph', 'block'] as const;
    const seeds = good.flatMap(([{ args }]) => args);
    for (let round = 0; round < 5_000; round++) {
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random.fraction() * from.length)] as T;
      const mutated = [...pick(seeds)];
      mutated.splice(
        Math.floor(random.fraction() * mutated.length),
        1,
        pick(['-', ' ', ';', '\n', '\0', ',', '=', '/', 'a']),
      );
      try {
        const plan = mountPlan(spec(pick(drivers), mutated.join(''), pick(seeds)));
        const line: readonly string[] = plan?.mount ?? [];
        assert.equal(line.indexOf('--'), 5);
        assert.equal(line.length, 8);
        assert.doesNotMatch(line[4] ?? '', /[\s;\0]/);
      } catch (error) {
        assert.ok(error instanceof MountArgumentError, String(error));
      }
    }
  });

  it('reads the mount table, escapes and all', () => {
    const table = [
      '22 1 8:1 / / rw - ext4 /dev/sda1 rw',
      '30 22 0:40 / /mnt/v rw,relatime shared:5 - nfs4 nas:/old rw',
      '31 22 0:41 / /mnt/v rw,relatime shared:5 master:1 - fuse.glusterfs g1:/v rw',
      String.raw`32 22 0:42 / /mnt/a\040b rw - cifs //nas/my\134share rw`,
      'nonsense',
    ].join('\n');
    assert.deepEqual(mountedAt(table, '/mnt/v'), { path: '/mnt/v', type: 'fuse.glusterfs', source: 'g1:/v' });
    assert.equal(mountedAt(table, '/mnt/a b')?.source, '//nas/my\\share');
    assert.equal(mountedAt(table, '/mnt'), undefined);
  });
});

describe('the mounter', () => {
  const line = (type: string, source: string): string =>
    `30 22 0:40 / /tmp/rookery-mounter rw - ${type} ${source} rw\n`;
  const path = '/tmp/rookery-mounter';
  const nfs: MountSpec = { driver: 'nfs', path, args: ['nas:/v'] };

  function mounter(outcomes: ('ok' | 'fail')[], table = '', settings: Partial<MounterSettings> = {}) {
    const ran: Command[] = [];
    const state = { table };
    const run: typeof runCommand = async (command) => {
      ran.push(command as Command);
      if ((outcomes.shift() ?? 'ok') === 'fail') throw new CommandError('umount ended with 32: target is busy');
      state.table = command[0] === 'mount' ? line('nfs4', 'nas:/v') : '';
      return '';
    };
    const all = { allow: [], retryMs: 1, ...settings };
    return { ran, it: new Mounter(all, systemClock, silentLogger, run, async () => state.table) };
  }

  it('mounts once and unmounts once', async () => {
    const { ran, it: own } = mounter([]);
    assert.equal(await own.mount(nfs, false), path);
    assert.equal(await own.mount(nfs, false), path);
    await own.unmount(nfs);
    await own.unmount(nfs);
    assert.deepEqual(
      ran.map(([executable]) => executable),
      ['mount', 'umount'],
    );
  });

  it('tries again, and says in the end what the storage said', async () => {
    const patient = mounter(['fail', 'fail', 'ok']);
    await patient.it.mount(nfs, false);
    assert.equal(patient.ran.length, 3);
    const busy = mounter(['fail', 'fail', 'fail'], line('nfs4', 'nas:/v'));
    await assert.rejects(
      busy.it.unmount(nfs),
      (error) => error instanceof MountError && /3 times.*busy/.test(error.message),
    );
  });

  it('does not write beside what somebody else has mounted there', async () => {
    const { ran, it: own } = mounter([], line('ext4', '/dev/sdz'));
    await assert.rejects(own.mount(nfs, false), /\/dev\/sdz \(ext4\) is mounted there/);
    assert.deepEqual(ran, []);
  });

  it('does not believe a mount that mounted nothing', async () => {
    const own = new Mounter(
      { allow: [], retryMs: 1 },
      systemClock,
      silentLogger,
      async () => '',
      async () => '',
    );
    await assert.rejects(own.mount(nfs, false), /nothing is mounted there/);
  });

  it('runs as a command only what this node allows', async () => {
    using directory = temporaryDirectory();
    const executable = join(directory.path, 'mounter');
    const log = join(directory.path, 'log');
    writeFileSync(executable, `#!/bin/sh\necho "$@" >> ${log}\necho said\n[ "$3" != bad ]\n`);
    chmodSync(executable, 0o700);
    const at = join(directory.path, 'v');
    const mount = (...args: string[]): MountSpec => ({ driver: 'command', path: at, args: [executable, ...args] });
    const denied = new Mounter({ allow: ['/bin/true'] }, systemClock, silentLogger);
    await assert.rejects(denied.mount(mount('a'), true), /not allowed/);
    const allowed = new Mounter({ allow: [executable], attempts: 1 }, systemClock, silentLogger);
    assert.equal(await allowed.mount(mount('a b', '$(touch x)'), true), at);
    await allowed.unmount(mount('a b'));
    assert.equal(readFileSync(log, 'utf8'), `mount ${at} a b $(touch x)\nunmount ${at} a b\n`);
    await assert.rejects(allowed.mount(mount('bad'), true), /ended with 1: said/);
  });
});

describe('running a command', () => {
  it('is over in time, with all that it started', async () => {
    const started = performance.now();
    await assert.rejects(
      runCommand(['/bin/sh', '-c', 'echo here; sleep 60 & wait'], 200, systemClock, silentLogger),
      /did not end in 200 ms: here/,
    );
    assert.ok(performance.now() - started < 5_000);
    await assert.rejects(runCommand(['/nowhere/x'], 200, systemClock, silentLogger), /cannot be run/);
  });
});
