import {
  type BigIntStats,
  chmodSync,
  closeSync,
  type Dirent,
  fstatSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import {
  encodeAttributesReply,
  encodeEntry,
  encodeInit,
  encodeNames,
  encodeOpen,
  encodeRoom,
  encodeWritten,
  nameAt,
  OPCODE,
  type Request,
} from './fuse-wire.ts';

/** Flags of open(2) that are about the file, not about how the kernel uses it. */
const OPEN_FLAGS = 0o3 | 0o2000;
const { errno } = constants;
const ROOT = 1n;
const SET_MODE = 1;
const SET_SIZE = 8;
const EMPTY = Buffer.alloc(0);

/** A name of something that the kernel was told of, and the descriptors open on it: it may outlive its name. */
interface Known {
  path: string;
  readonly handles: Set<number>;
}

/** What another folder holds, as answers to the kernel's questions. Locks are the kernel's own. */
export class FuseFolder {
  private readonly known = new Map<bigint, Known>();
  private readonly ids = new Map<string, bigint>();
  private readonly listings = new Map<number, readonly Dirent[]>();
  private lastId = ROOT;

  constructor(folder: string) {
    this.known.set(ROOT, { path: folder, handles: new Set() });
  }

  /** The body of the reply; `undefined` where none is wanted. Throws what the file system throws. */
  answer({ opcode, nodeId, body }: Request): Buffer | undefined {
    switch (opcode) {
      case OPCODE.init:
        return encodeInit();
      case OPCODE.forget:
      case OPCODE.batchForget:
      case OPCODE.interrupt:
        return undefined;
      case OPCODE.lookup:
        return this.entry(join(this.path(nodeId), nameAt(body, 0)));
      case OPCODE.getattr:
        return encodeAttributesReply(this.stats(nodeId));
      case OPCODE.setattr:
        return this.change(nodeId, body);
      case OPCODE.mkdir:
        return this.made(nodeId, nameAt(body, 8), (path) => mkdirSync(path, body.readUInt32LE(0)));
      case OPCODE.unlink:
        return this.removed(nodeId, nameAt(body, 0), unlinkSync);
      case OPCODE.rmdir:
        return this.removed(nodeId, nameAt(body, 0), rmdirSync);
      case OPCODE.rename:
        return this.renamed(nodeId, body, 8);
      case OPCODE.rename2:
        return this.renamed(nodeId, body, 16);
      case OPCODE.link:
        return this.made(nodeId, nameAt(body, 8), (path) => linkSync(this.path(body.readBigUInt64LE(0)), path));
      case OPCODE.open:
        return this.opened(nodeId, openSync(this.path(nodeId), body.readUInt32LE(0) & OPEN_FLAGS));
      case OPCODE.create:
        return this.created(nodeId, body);
      case OPCODE.read:
        return this.read(body);
      case OPCODE.write:
        return this.write(body);
      case OPCODE.statfs:
        return encodeRoom(statfsSync(this.path(nodeId)));
      case OPCODE.release:
        return this.released(nodeId, Number(body.readBigUInt64LE(0)));
      case OPCODE.opendir:
        return encodeOpen(this.listed(this.path(nodeId)));
      case OPCODE.readdir:
        return this.names(body);
      case OPCODE.releasedir:
        this.listings.delete(Number(body.readBigUInt64LE(0)));
        return EMPTY;
      case OPCODE.fsync:
      case OPCODE.fsyncdir:
      case OPCODE.flush:
      case OPCODE.access:
      case OPCODE.destroy:
        return EMPTY;
      default:
        throw Object.assign(new Error(`operation ${opcode}`), { errno: -errno.ENOSYS });
    }
  }

  private path(nodeId: bigint): string {
    return this.node(nodeId).path;
  }

  private node(nodeId: bigint): Known {
    const node = this.known.get(nodeId);
    if (!node) throw Object.assign(new Error(`node ${nodeId}`), { errno: -errno.ENOENT });
    return node;
  }

  private stats(nodeId: bigint): BigIntStats {
    const { path, handles } = this.node(nodeId);
    const [handle] = handles;
    return handle === undefined ? lstatSync(path, { bigint: true }) : fstatSync(handle, { bigint: true });
  }

  private entry(path: string): Buffer {
    const stats = lstatSync(path, { bigint: true });
    return encodeEntry(this.idOf(path), stats);
  }

  private idOf(path: string): bigint {
    const known = this.ids.get(path);
    if (known !== undefined) return known;
    this.lastId += 1n;
    this.ids.set(path, this.lastId);
    this.known.set(this.lastId, { path, handles: new Set() });
    return this.lastId;
  }

  /** Modes and lengths; times pass by themselves, and everything is root's. */
  private change(nodeId: bigint, body: Buffer): Buffer {
    const valid = body.readUInt32LE(0);
    const { path, handles } = this.node(nodeId);
    const [handle] = handles;
    if (valid & SET_SIZE) {
      const size = Number(body.readBigUInt64LE(16));
      if (handle === undefined) truncateSync(path, size);
      else ftruncateSync(handle, size);
    }
    if (valid & SET_MODE) chmodSync(path, body.readUInt32LE(68) & 0o7777);
    return encodeAttributesReply(this.stats(nodeId));
  }

  private made(parent: bigint, name: string, make: (path: string) => void): Buffer {
    const path = join(this.path(parent), name);
    make(path);
    return this.entry(path);
  }

  private removed(parent: bigint, name: string, remove: (path: string) => void): Buffer {
    const path = join(this.path(parent), name);
    remove(path);
    // Another file of this name is another node.
    this.ids.delete(path);
    return EMPTY;
  }

  private renamed(parent: bigint, body: Buffer, at: number): Buffer {
    const oldName = nameAt(body, at);
    const from = join(this.path(parent), oldName);
    const to = join(this.path(body.readBigUInt64LE(0)), nameAt(body, at + Buffer.byteLength(oldName) + 1));
    renameSync(from, to);
    this.ids.delete(to);
    const id = this.ids.get(from);
    this.ids.delete(from);
    if (id !== undefined) {
      this.ids.set(to, id);
      this.node(id).path = to;
    }
    return EMPTY;
  }

  private opened(nodeId: bigint, handle: number): Buffer {
    this.node(nodeId).handles.add(handle);
    return encodeOpen(handle);
  }

  private created(parent: bigint, body: Buffer): Buffer {
    const path = join(this.path(parent), nameAt(body, 16));
    const handle = openSync(path, (body.readUInt32LE(0) & OPEN_FLAGS) | 0o100, body.readUInt32LE(4) & 0o7777);
    const entry = this.entry(path);
    return Buffer.concat([entry, this.opened(this.idOf(path), handle)]);
  }

  private released(nodeId: bigint, handle: number): Buffer {
    this.known.get(nodeId)?.handles.delete(handle);
    closeSync(handle);
    return EMPTY;
  }

  private read(body: Buffer): Buffer {
    const into = Buffer.allocUnsafe(body.readUInt32LE(16));
    const position = Number(body.readBigUInt64LE(8));
    return into.subarray(0, readSync(Number(body.readBigUInt64LE(0)), into, 0, into.length, position));
  }

  private write(body: Buffer): Buffer {
    const data = body.subarray(40, 40 + body.readUInt32LE(16));
    const handle = Number(body.readBigUInt64LE(0));
    return encodeWritten(writeSync(handle, data, 0, data.length, Number(body.readBigUInt64LE(8))));
  }

  private listed(path: string): number {
    const handle = Number((this.lastId += 1n));
    this.listings.set(handle, readdirSync(path, { withFileTypes: true }));
    return handle;
  }

  private names(body: Buffer): Buffer {
    const names = this.listings.get(Number(body.readBigUInt64LE(0))) ?? [];
    return encodeNames(names, Number(body.readBigUInt64LE(8)), body.readUInt32LE(16));
  }
}
