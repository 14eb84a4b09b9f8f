import { readFileSync } from 'node:fs';
import { z } from 'zod';

const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');

/** The product's version, shown to operators. */
export const HUB_VERSION = z.object({ version: z.string() }).parse(JSON.parse(text)).version;
