#!/usr/bin/env node
// `npx rookery NOUN VERB …`: runs the command line, making ready what is missing for it first.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureToolchain, root, run } from './bootstrap.mjs';

const main = join(root, 'dist/apps/cli/main.js');
const isReady = Number(process.versions.node.split('.')[0]) >= 24 && existsSync(main);

if (isReady) await import(pathToFileURL(main).href);
else {
  try {
    const node = await ensureToolchain();
    process.exitCode = await run(node, [main, ...process.argv.slice(2)]);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 3;
  }
}
