// The test run itself, under Node 24: see test.mjs.
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './bootstrap.mjs';

const SOURCES = [
  'libs/**/*.spec.ts',
  'apps/**/*.spec.ts',
  'migrations/**/*.spec.ts',
  'simulator/**/*.spec.ts',
  'conformance/**/*.{spec,test}.ts',
  'bench/**/*.spec.ts',
  'tools/**/*.spec.mjs',
];

process.exitCode = await testRun(process.execPath, process.argv.slice(2));

async function testRun(node, patterns) {
  const files = globSync(SOURCES, { cwd: root })
    .filter((file) => patterns.every((pattern) => file.includes(pattern)))
    .sort()
    .map((file) => join(root, file.endsWith('.mjs') ? file : join('dist', file.replace(/[.]ts$/, '.js'))));
  if (files.length === 0) throw new Error(`No test file matches ${patterns.join(' ')}.`);
  const missing = files.filter((file) => !existsSync(file));
  if (missing.length > 0) throw new Error(`Not built, is the folder in tsconfig.json? ${missing.join(' ')}`);
  const { startTestServices } = await import(join(root, 'dist/libs/embedded/test-services.js'));
  const directory = mkdtempSync(join(tmpdir(), 'rookery-run-'));
  const services = await startTestServices(directory, join(root, 'dist/migrations/index.js'));
  try {
    // Files run two at a time: some wait on timers while others compute.
    return await run(
      node,
      [
        '--test',
        '--test-concurrency=2',
        '--test-timeout=300000',
        `--test-reporter=${join(root, 'tools/reporter.mjs')}`,
        '--test-reporter-destination=stdout',
        ...files,
      ],
      { ...services.environment, NODE_NO_WARNINGS: '1', ROOKERY_TEST_ROOT: root },
    );
  } finally {
    await services.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
