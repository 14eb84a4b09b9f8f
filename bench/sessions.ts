import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { parseArgs } from 'node:util';

// Memory of an idle IMAP session in a hub, beside two piped sockets in Node, in one run:
//   npm run bench -- sessions [--plain N] [--tls N]
// Each session has said a command, had its answer and its mark. Resident memory after a collection, less that before.
const { values } = parseArgs({
  options: { plain: { type: 'string', default: '4000' }, tls: { type: 'string', default: '1000' } },
});
const directory = mkdtempSync(join(tmpdir(), 'rookery-sessions-'));

function start(script: string, ...args: string[]) {
  const child = spawn(process.execPath, ['--expose-gc', join(import.meta.dirname, 'splice', script), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  return { child, lines, number: () => numberFrom(lines) };
}

const numberFrom = async (lines: Interface): Promise<number> => Number(((await once(lines, 'line')) as [string])[0]);

async function bytesPerSession(kind: 'hub' | 'pipe', how: 'plain' | 'tls', count: number): Promise<number> {
  const source = start('source.js', kind === 'hub' ? 'framed' : 'raw', 'answer');
  const middle = start('middle.js', kind, String(await source.number()), how, directory);
  const port = await middle.number();
  const memory = async (): Promise<number> => {
    // Twice: what a first collection queues to be freed is gone at the second.
    middle.child.kill('SIGUSR2');
    await middle.number();
    await new Promise((resolve) => setTimeout(resolve, 500));
    middle.child.kill('SIGUSR2');
    return middle.number();
  };
  // A hundred first: what the first connections load is not theirs.
  const first = start('holder.js', String(port), '100', how);
  await first.number();
  const before = await memory();
  const holder = start('holder.js', String(port), String(count), how);
  await holder.number();
  const after = await memory();
  for (const { child } of [first, holder, middle, source]) child.kill();
  return (after - before) / count;
}

try {
  for (const how of ['plain', 'tls'] as const) {
    const count = Number(values[how]);
    const kib = async (kind: 'hub' | 'pipe'): Promise<string> =>
      `${((await bytesPerSession(kind, how, count)) / 1_024).toFixed(1)} KiB`;
    console.log(`${count} idle sessions, ${how}: hub ${await kib('hub')} each, bare pipes ${await kib('pipe')}`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
