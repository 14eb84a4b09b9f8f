// `npm test [-- PATTERN]`: makes ready, then starts PostgreSQL and Redis for the run and runs every test whose path holds PATTERN.
import { join } from 'node:path';
import { ensureToolchain, root, run } from './bootstrap.mjs';
import { ensureOutsidePrograms } from './outside-programs.mjs';

try {
  const node = await ensureToolchain();
  ensureOutsidePrograms((text) => process.stderr.write(`${text}\n`));
  process.exitCode = await run(node, [join(root, 'tools/test-run.mjs'), ...process.argv.slice(2)]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
