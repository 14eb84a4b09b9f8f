// `npm run bench [-- options]`: delivery beside Dovecot and Postfix. Other benchmarks: `npm run bench -- NAME [options]`, NAME a file of bench/.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureToolchain, root, run } from './bootstrap.mjs';

const [first = '', ...rest] = process.argv.slice(2);
const named = first !== '' && !first.startsWith('-');
const script = join(root, 'dist/bench', `${named ? first : 'delivery'}.js`);
try {
  const node = await ensureToolchain();
  if (!existsSync(script)) throw new Error(`There is no benchmark ${first}.`);
  process.exitCode = await run(node, [script, ...(named ? rest : process.argv.slice(2))]);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
