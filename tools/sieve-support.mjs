// Writes docs/sieve.md from the Sieve and ManageSieve tables. Build first.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { supportTable } from '#server/managesieve';

writeFileSync(join(import.meta.dirname, '../docs/sieve.md'), supportTable());
