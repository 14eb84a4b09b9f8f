import type { BigIntStats, Dirent } from 'node:fs';

/** The kernel's FUSE protocol, version 7.31, as far as `fuse-folder.ts` speaks it (Linux, include/uapi/linux/fuse.h). */
export const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  rename2: 45,
} as const;

const IN_HEADER_BYTES = 40;
const OUT_HEADER_BYTES = 16;
const WRITE_BYTES_MAX = 128 * 1024;
/** Larger than any request: a write with its headers. */
export const REQUEST_BYTES_MAX = WRITE_BYTES_MAX + 4_096;

export interface Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly nodeId: bigint;
  /** After the header. */
  readonly body: Buffer;
}

export function parseRequest(bytes: Buffer): Request {
  return {
    opcode: bytes.readUInt32LE(4),
    unique: bytes.readBigUInt64LE(8),
    nodeId: bytes.readBigUInt64LE(16),
    body: bytes.subarray(IN_HEADER_BYTES, bytes.readUInt32LE(0)),
  };
}

/** `error`: a negative errno, or 0. */
export function encodeReply(unique: bigint, error: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(OUT_HEADER_BYTES);
  header.writeUInt32LE(OUT_HEADER_BYTES + body.length, 0);
  header.writeInt32LE(error, 4);
  header.writeBigUInt64LE(unique, 8);
  return Buffer.concat([header, body]);
}

/** A name that ends with a zero byte, from `at` on. */
export function nameAt(body: Buffer, at: number): string {
  return body.toString('utf8', at, body.indexOf(0, at));
}

export function encodeInit(): Buffer {
  const out = Buffer.alloc(64);
  out.writeUInt32LE(7, 0);
  out.writeUInt32LE(31, 4);
  out.writeUInt32LE(WRITE_BYTES_MAX, 8);
  // FUSE_BIG_WRITES.
  out.writeUInt32LE(1 << 5, 12);
  out.writeUInt16LE(64, 16);
  out.writeUInt16LE(48, 18);
  out.writeUInt32LE(WRITE_BYTES_MAX, 20);
  out.writeUInt32LE(1, 24);
  return out;
}

function encodeAttributes(stats: BigIntStats): Buffer {
  const out = Buffer.alloc(88);
  for (const [at, value] of [stats.ino, stats.size, stats.blocks].entries()) out.writeBigUInt64LE(value, 8 * at);
  for (const [at, value] of [stats.atimeNs, stats.mtimeNs, stats.ctimeNs].entries()) {
    out.writeBigUInt64LE(value / 1_000_000_000n, 24 + 8 * at);
    out.writeUInt32LE(Number(value % 1_000_000_000n), 48 + 4 * at);
  }
  const rest = [stats.mode, stats.nlink, stats.uid, stats.gid, 0n, stats.blksize];
  for (const [at, value] of rest.entries()) out.writeUInt32LE(Number(value), 60 + 4 * at);
  return out;
}

/** Attributes that the kernel asks for anew each time. */
export const encodeAttributesReply = (stats: BigIntStats): Buffer =>
  Buffer.concat([Buffer.alloc(16), encodeAttributes(stats)]);

/** A name that was found. It is looked up anew each time. */
export function encodeEntry(nodeId: bigint, stats: BigIntStats): Buffer {
  const out = Buffer.alloc(40);
  out.writeBigUInt64LE(nodeId, 0);
  return Buffer.concat([out, encodeAttributes(stats)]);
}

export function encodeOpen(handle: number): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(handle), 0);
  return out;
}

export function encodeWritten(bytes: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(bytes, 0);
  return out;
}

export function encodeRoom(room: {
  readonly bsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
}): Buffer {
  const out = Buffer.alloc(80);
  const counts = [room.blocks, room.bfree, room.bavail, room.files, room.ffree];
  for (const [at, value] of counts.entries()) out.writeBigUInt64LE(BigInt(value), 8 * at);
  for (const [at, value] of [room.bsize, 255, room.bsize].entries()) out.writeUInt32LE(value, 40 + 4 * at);
  return out;
}

const DIRECTORY = 4;
const FILE = 8;

/** As many names from `offset` on as `bytes` hold. */
export function encodeNames(names: readonly Dirent[], offset: number, bytes: number): Buffer {
  const out: Buffer[] = [];
  let size = 0;
  for (let at = offset; at < names.length; at++) {
    const entry = names[at] as Dirent;
    const name = Buffer.from(entry.name);
    const one = Buffer.alloc(24 + Math.ceil(name.length / 8) * 8);
    if (size + one.length > bytes) break;
    // Any number but zero: who wants to know looks the name up.
    one.writeBigUInt64LE(BigInt(at + 1), 0);
    one.writeBigUInt64LE(BigInt(at + 1), 8);
    one.writeUInt32LE(name.length, 16);
    one.writeUInt32LE(entry.isDirectory() ? DIRECTORY : FILE, 20);
    name.copy(one, 24);
    out.push(one);
    size += one.length;
  }
  return Buffer.concat(out);
}
