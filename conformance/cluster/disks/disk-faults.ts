import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory, until } from '#testing';
import { EmbeddedCluster } from '../embedded-cluster.ts';
import { usersOn } from '../faults.ts';
import { ImapClient } from '../imap-client.ts';
import { Ledger } from '../ledger.ts';
import { SlowDisk } from './slow-disk.ts';

/** What mail to one volume met while its disk was at fault, and mail to the others. */
export interface DiskReport {
  readonly acknowledged: number;
  readonly tookMs: readonly number[];
  readonly refusals: readonly string[];
  /** What an IMAP client was answered that appended a message; empty when it did not wait for the answer. */
  readonly append: string;
  readonly others: number;
  readonly othersTookMs: readonly number[];
  readonly othersRefusals: readonly string[];
  /** `name owner epoch state` of each volume before, during and after. */
  readonly before: readonly string[];
  readonly during: readonly string[];
  readonly after: readonly string[];
  readonly missing: readonly string[];
  readonly altered: readonly string[];
  readonly doubled: readonly string[];
}

interface Volume {
  readonly name: string;
  readonly owner: string | null;
  readonly epoch: number;
  readonly state: string;
}

const SENDERS = 4;
const OTHERS_PAUSE_MS = 20;
/** What was refused is sent again at once; the disk is looked at every 5 s. */
const RECOVERY_MS = 30_000;

/** Senders to users of the volume and to the others while `fault` is on for `forMs`; then all that was acknowledged is looked for. */
async function underFault(
  cluster: EmbeddedCluster,
  forMs: number,
  fault: { on(): void; off(): void; readonly waits: boolean },
): Promise<DiskReport> {
  const { hubs, demo } = cluster.file;
  const hit = await usersOn(cluster, 'node-1');
  const spared = demo.users.filter(({ email }) => !hit.some((user) => user.email === email));
  const ports = hubs.map(({ ports: { smtp } }) => smtp);
  const before = await volumes(cluster);
  await using ledger = new Ledger();
  await using others = new Ledger();
  fault.on();
  for (let sender = 0; sender < SENDERS; sender++)
    ledger.startSender(
      ports,
      hit.map(({ email }) => email),
    );
  others.startSender(
    ports,
    spared.map(({ email }) => email),
    OTHERS_PAUSE_MS,
  );
  await new Promise((resolve) => setTimeout(resolve, forMs));
  const during = await volumes(cluster);
  const append = fault.waits ? '' : await appendTo(hubs[0]?.ports.imap ?? 0, hit[0]!);
  const refusals = [...ledger.refusals];
  fault.off();
  await until('mail to be taken again', () => ledger.acknowledged.size > 0, RECOVERY_MS);
  await Promise.all([ledger.stop(), others.stop()]);
  const imap = hubs[0]?.ports.imap ?? 0;
  const checks = [await ledger.check(imap, hit), await others.check(imap, spared)];
  return {
    acknowledged: ledger.acknowledged.size,
    tookMs: ledger.tookMs,
    refusals,
    append,
    others: others.acknowledged.size,
    othersTookMs: others.tookMs,
    othersRefusals: others.refusals,
    before,
    during,
    after: await volumes(cluster),
    missing: checks.flatMap(({ missing }) => missing),
    altered: checks.flatMap(({ altered }) => altered),
    doubled: checks.flatMap(({ doubled }) => doubled),
  };
}

async function appendTo(port: number, user: { readonly email: string; readonly password: string }): Promise<string> {
  const client = await ImapClient.signIn(port, user);
  const text = 'Subject: appended\r\n\r\nappended\r\n';
  const { tagged } = await client.command(`APPEND INBOX {${text.length}+}\r\n${text}`);
  client.close();
  return tagged;
}

async function volumes(cluster: EmbeddedCluster): Promise<readonly string[]> {
  const status = (await cluster.cli('cluster', 'status')) as { readonly volumes: readonly Volume[] };
  return status.volumes.map(({ name, owner, epoch, state }) => `${name} ${owner} ${epoch} ${state}`);
}

/** One volume's syncs take `syncMs` each; `null`: they do not return until the fault is over. */
export async function slowDisk(syncMs: number | null, forMs: number): Promise<DiskReport> {
  using directory = temporaryDirectory();
  const mount = join(directory.path, 'volumes', 'volume-1');
  await using disk = await SlowDisk.mount(join(directory.path, 'backing'), mount);
  await using cluster = await EmbeddedCluster.start(['--restart'], {}, directory.path);
  return await underFault(cluster, forMs, {
    waits: true,
    on: () => disk.syncsTake(syncMs),
    off: () => disk.syncsTake(0),
  });
}

const IMAGE_BYTES = 192 << 20;
/** What the fault leaves of the disk: less than the volume keeps in reserve. */
const LEFT_BYTES = 1 << 20;

/** One volume is on a small file system of its own that somebody fills, and empties again. */
export async function fullDisk(forMs: number): Promise<DiskReport> {
  using directory = temporaryDirectory();
  using disk = new LoopDisk(directory.path, join(directory.path, 'volumes', 'volume-1'));
  await using cluster = await EmbeddedCluster.start(['--restart'], {}, directory.path);
  const hog = join(disk.path, 'hog');
  return await underFault(cluster, forMs, {
    waits: false,
    on: () => {
      const { bavail, bsize } = statfsSync(disk.path);
      writeFileSync(hog, Buffer.alloc(bavail * bsize - LEFT_BYTES));
    },
    off: () => rmSync(hog),
  });
}

/** ext4 on a loop device. */
class LoopDisk implements Disposable {
  constructor(
    directory: string,
    readonly path: string,
  ) {
    const image = join(directory, 'image');
    writeFileSync(image, '');
    truncateSync(image, IMAGE_BYTES);
    mkdirSync(path, { recursive: true });
    // Without blocks for root alone: nodes run as root here.
    run('mkfs.ext4', '-q', '-m', '0', image);
    run('mount', '-o', 'loop', image, path);
  }

  [Symbol.dispose](): void {
    spawnSync('umount', ['--lazy', this.path]);
  }
}

function run(executable: string, ...args: readonly string[]): void {
  const { status, stderr } = spawnSync(executable, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${executable} ${args.join(' ')}: ${stderr}`);
}

/** Why a small file system cannot be had here; `undefined` when it can. */
export function whyNoLoopDisk(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root: a loop device';
  return spawnSync('losetup', ['--find']).status === 0 ? undefined : 'no loop device to be had';
}
