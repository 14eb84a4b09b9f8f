// `npm start`: makes ready, then runs the whole cluster in the foreground.
import { join } from 'node:path';
import { ensureToolchain, root, run } from './bootstrap.mjs';

try {
  const node = await ensureToolchain();
  process.exitCode = await run(node, [join(root, 'dist/apps/supervisor/main.js'), ...process.argv.slice(2)]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
