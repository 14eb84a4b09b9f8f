import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '#stdx';

/** The id this hub has had since its first start: its hub-hours are counted on it. */
export async function storedHubId(stateDirectory: string, random: Pick<Random, 'uuid'>): Promise<string> {
  const path = join(stateDirectory, 'hub-id');
  const stored = await readFile(path, 'utf8').catch(() => '');
  const parsed = z.uuid().safeParse(stored.trim());
  if (parsed.success) return parsed.data;
  const id = random.uuid();
  await mkdir(stateDirectory, { recursive: true });
  await writeFile(`${path}.next`, `${id}\n`);
  await rename(`${path}.next`, path);
  return id;
}
