import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { Logger } from '#stdx';

const savedRoutes = z.object({
  clusterId: z.string(),
  nodes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      data: z.object({ host: z.string(), port: z.number().int() }),
    }),
  ),
  routes: z.array(
    z.object({
      volumeId: z.string(),
      epoch: z.number().int(),
      ownerNodeId: z.string().nullable(),
      state: z.enum(['unassigned', 'opening', 'serving', 'failed']),
    }),
  ),
});

export type SavedRoutes = z.infer<typeof savedRoutes>;

/** The routing map on disk, replaced as a whole. */
export class RouteFile {
  constructor(
    private readonly path: string,
    private readonly logger: Logger,
  ) {}

  /** `undefined` when there is none, it cannot be read, or it is another cluster's. */
  async load(clusterId: string): Promise<SavedRoutes | undefined> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch {
      return undefined;
    }
    try {
      const saved = savedRoutes.parse(JSON.parse(text));
      if (saved.clusterId === clusterId) return saved;
      this.logger.warn({ path: this.path, clusterId: saved.clusterId }, "the saved map is another cluster's");
    } catch (error) {
      this.logger.warn({ path: this.path, error: (error as Error).message }, 'the saved map cannot be read');
    }
    return undefined;
  }

  async save(routes: SavedRoutes): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const next = `${this.path}.next`;
    const file = await open(next, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(routes));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(next, this.path);
  }
}
