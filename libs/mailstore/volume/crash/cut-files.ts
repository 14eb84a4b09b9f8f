import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VolumeFile } from '../files.ts';
import { ForgetfulFiles, type Omission } from './forgetful-files.ts';

/** Cuts the power after each thing done to a file of the volume, and has somebody look at what storage holds then. */
export class CutFiles extends ForgetfulFiles {
  cuts = 0;
  /** What the first look that failed threw. */
  fault: unknown;
  private look: ((image: string) => Promise<void>) | undefined;

  constructor(
    private readonly source: string,
    omission?: Omission,
  ) {
    super(omission);
  }

  /** While `work` runs, `look` is given a directory as the next owner would find it, after each step. */
  async during(work: () => Promise<unknown>, look: (image: string) => Promise<void>): Promise<void> {
    this.look = look;
    try {
      await work();
      // What has been answered is there, too.
      await this.cut();
    } finally {
      this.look = undefined;
    }
  }

  override async open(path: string, mode: 'create' | 'update' | 'read'): Promise<VolumeFile> {
    const file = await super.open(path, mode);
    if (mode !== 'read') await this.cut();
    return {
      ...file,
      write: async (buffers, position) => {
        await file.write(buffers, position);
        await this.cut();
      },
      sync: async () => {
        await file.sync();
        await this.cut();
      },
    };
  }

  override async syncDirectory(path: string): Promise<void> {
    await super.syncDirectory(path);
    await this.cut();
  }

  override async remove(path: string): Promise<void> {
    await super.remove(path);
    await this.cut();
  }

  /** The power goes now. */
  async cut(): Promise<void> {
    const { look, source } = this;
    if (!look || this.fault !== undefined) return;
    const image = mkdtempSync(join(tmpdir(), 'rookery-cut-'));
    try {
      this.crash(source, image);
      await look(image);
      this.cuts += 1;
    } catch (error) {
      this.fault = error;
    } finally {
      rmSync(image, { recursive: true, force: true });
    }
  }
}
