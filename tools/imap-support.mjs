// Writes docs/imap.md from the IMAP command and extension tables. Build first.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { supportTable } from '#server/imap';

writeFileSync(join(import.meta.dirname, '../docs/imap.md'), supportTable());
