import { text } from 'node:stream/consumers';
import { runCli } from './cli.ts';

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  readInput: () => text(process.stdin),
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  screen: process.stderr.isTTY
    ? {
        write: (text) => process.stderr.write(text),
        columns: () => process.stderr.columns,
        now: () => performance.now(),
      }
    : undefined,
});
