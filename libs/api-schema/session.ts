import { z } from 'zod';
import { ApiKey } from './directory.ts';

/** Who is asking. */
export const Me = z.object({ key: ApiKey.omit({ lastUsedAt: true }) }).meta({ id: 'Me' });
export type Me = z.output<typeof Me>;
