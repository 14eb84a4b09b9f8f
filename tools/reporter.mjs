// Test reporter: a line per file, failures in full as they happen, skips by name, and one closing line that scripts read.
import { relative } from 'node:path';
import { inspect } from 'node:util';

export default async function* reporter(source) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const skips = [];
  const failures = [];
  const files = new Map();
  const started = performance.now();
  for await (const { type, data } of source) {
    if (type === 'test:stdout' || type === 'test:stderr') {
      if (process.env.ROOKERY_TEST_OUTPUT) yield data.message;
      continue;
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const file = data.file
      ? relative(process.env.ROOKERY_TEST_ROOT ?? process.cwd(), data.file).replace(/^dist\//, '')
      : '?';
    const isFileItself = data.nesting === 0 && data.name?.endsWith(data.file ?? '\0');
    const count = files.get(file) ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
    files.set(file, count);
    if (data.nesting === 0) count.ms += data.details?.duration_ms ?? 0;
    if (data.details?.type === 'suite' && type === 'test:pass') continue;
    // A failed suite repeats the failure of a test within it; it counts only when it failed by itself.
    const repeats = data.details?.error?.failureType === 'subtestsFailed';
    if (type === 'test:fail') {
      if (repeats) continue;
      total.failed++;
      count.failed++;
      const error = data.details?.error;
      const text = `✖ ${file}: ${data.name}\n${inspect(error?.cause ?? error, { depth: 6 })}\n`;
      failures.push(text);
      yield text;
    } else if (isFileItself) {
    } else if (data.skip !== undefined && data.skip !== false) {
      total.skipped++;
      count.skipped++;
      skips.push(`${file}: ${data.name}${typeof data.skip === 'string' && data.skip ? ` (${data.skip})` : ''}`);
    } else {
      total.passed++;
      count.passed++;
    }
  }
  for (const [file, count] of [...files].sort((a, b) => b[1].ms - a[1].ms)) {
    yield `${count.failed ? '✖' : '✔'} ${file}  ${count.passed} passed${count.failed ? `, ${count.failed} failed` : ''}${count.skipped ? `, ${count.skipped} skipped` : ''}  ${(count.ms / 1000).toFixed(1)} s\n`;
  }
  if (skips.length) yield `\nSkipped:\n${skips.map((line) => `  ${line}\n`).join('')}`;
  if (failures.length) yield `\nFailed:\n${failures.map((text) => `  ${text.split('\n')[0]}\n`).join('')}`;
  yield `\n${((performance.now() - started) / 1000).toFixed(0)} s\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`;
}
