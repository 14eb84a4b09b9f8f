// A disk whose syncs take as long as they are told to: run as `slow-disk-mount.js FOLDER MOUNTPOINT`, it shows FOLDER at
// MOUNTPOINT through FUSE and says "mounted". Lines on standard input are JSON: { "syncMs": 200 } delays fsync and
// fdatasync, { "syncMs": null } never answers them until told otherwise. It ends, and lets go of everybody waiting, with standard input.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, read, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { FuseFolder } from './fuse-folder.ts';
import { encodeReply, OPCODE, parseRequest, REQUEST_BYTES_MAX } from './fuse-wire.ts';

const [folder = '', mountpoint = ''] = process.argv.slice(2);
const files = new FuseFolder(folder);
const device = openSync('/dev/fuse', 'r+');
/** `null`: for ever. */
let syncMs: number | null = 0;
const hanging: (() => void)[] = [];

function reply(unique: bigint, error: number, body?: Buffer): void {
  try {
    writeSync(device, encodeReply(unique, error, body));
  } catch (cause) {
    // Nobody waits for it any more: its process was killed.
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
  }
}

function handle(bytes: Buffer): void {
  const request = parseRequest(bytes);
  const { opcode, unique } = request;
  let body: Buffer | undefined;
  try {
    body = files.answer(request);
  } catch (error) {
    reply(unique, (error as NodeJS.ErrnoException).errno ?? -5);
    return;
  }
  if (body === undefined) return;
  const answer = (): void => reply(unique, 0, body);
  const sync = opcode === OPCODE.fsync || opcode === OPCODE.fsyncdir;
  if (!sync || syncMs === 0) answer();
  else if (syncMs === null) hanging.push(answer);
  else setTimeout(answer, syncMs);
}

async function serve(): Promise<void> {
  const bytes = Buffer.allocUnsafeSlow(REQUEST_BYTES_MAX);
  for (;;) {
    try {
      const { bytesRead } = await promisify(read)(device, bytes, 0, bytes.length, null);
      handle(bytes.subarray(0, bytesRead));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // ENODEV: it was unmounted. ENOENT: the request was taken back.
      if (code === 'ENODEV') process.exit(0);
      if (code !== 'ENOENT' && code !== 'EINTR' && code !== 'EAGAIN') throw error;
    }
  }
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    syncMs = (JSON.parse(line) as { syncMs: number | null }).syncMs;
    if (syncMs !== null) for (const answer of hanging.splice(0)) answer();
  })
  .on('close', () => {
    spawnSync('umount', ['--lazy', mountpoint]);
    // With its server, the file system is gone for those who still have files open on it.
    process.exit(0);
  });

const options = 'fd=3,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions';
const mount = spawn('mount', ['-i', '-t', 'fuse.slow', '-o', options, 'slow-disk', mountpoint], {
  stdio: ['ignore', 'ignore', 'inherit', device],
});
const [code] = (await once(mount, 'exit')) as [number | null];
if (code !== 0) process.exit(1);
process.stdout.write('mounted\n');
await serve();
