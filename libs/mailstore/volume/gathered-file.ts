import { MailStoreError } from '#mailstore/api';
import { type Deferred, deferred } from '#stdx';
import type { VolumeFile } from './files.ts';

/** Larger reads go their own way: a call of its own costs them nothing. */
const GATHERED_BYTES_MAX = 192 * 1024;
/** One call to the file reads at most this much, and reads over a gap of at most that: skipping it would cost another call. */
const CALL_BYTES_MAX = 1024 * 1024;
const GAP_BYTES_MAX = 16 * 1024;

interface Wanted {
  readonly position: number;
  readonly length: number;
  readonly caller: Deferred<Buffer>;
}

/**
 * Reads of one file, those that are asked for in the same turn of the event loop and lie near one another in one call: who lists
 * a mailbox reads mail that came, and was written, one after the other. (A call of its own took 33 µs of the main thread for 2 KB.)
 */
export class GatheredFile {
  private wanted: Wanted[] = [];

  constructor(private readonly file: VolumeFile) {}

  /** Rejects `corrupt` where the file ends before. The bytes share their memory with their neighbours'. */
  read(position: number, length: number): Promise<Buffer> {
    if (length > GATHERED_BYTES_MAX) return this.call(position, length);
    if (this.wanted.length === 0) setImmediate(() => this.readWanted());
    const caller = deferred<Buffer>();
    this.wanted.push({ position, length, caller });
    return caller.promise;
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private readWanted(): void {
    const wanted = this.wanted.sort((a, b) => a.position - b.position);
    this.wanted = [];
    let run: Wanted[] = [];
    let end = 0;
    for (const each of wanted) {
      const next = Math.max(end, each.position + each.length);
      const start = run[0]?.position ?? each.position;
      if (run.length > 0 && (each.position > end + GAP_BYTES_MAX || next - start > CALL_BYTES_MAX)) {
        void this.readRun(run, end);
        run = [];
        end = each.position + each.length;
      } else end = next;
      run.push(each);
    }
    void this.readRun(run, end);
  }

  /** A run that cannot be read as a whole is read piece by piece: one that is damaged must not cost its neighbours. */
  private async readRun(run: readonly Wanted[], end: number): Promise<void> {
    const start = run[0]?.position ?? end;
    let bytes: Buffer | undefined;
    try {
      bytes = await this.call(start, end - start);
    } catch (error) {
      if (run.length === 1) return run[0]?.caller.reject(error);
    }
    for (const { position, length, caller } of run) {
      if (bytes) caller.resolve(bytes.subarray(position - start, position - start + length));
      else this.call(position, length).then(caller.resolve, caller.reject);
    }
  }

  private async call(position: number, length: number): Promise<Buffer> {
    const into = Buffer.allocUnsafe(length);
    if ((await this.file.read(into, position)) < length)
      throw new MailStoreError('corrupt', 'stored bytes are damaged: segment ends early');
    return into;
  }
}
