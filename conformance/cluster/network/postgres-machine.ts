// PostgreSQL on a machine of its own (a network namespace): run as `postgres-machine.js DIRECTORY PORT`, it says its URL as
// seen there, takes connections from anywhere, and ends with standard input.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '#embedded';

const [directory = '', port = ''] = process.argv.slice(2);
mkdirSync(directory, { recursive: true });
const access = join(directory, 'access.conf');
writeFileSync(access, 'host all all 0.0.0.0/0 scram-sha-256\n', { mode: 0o644 });
const postgres = await startPostgres({
  directory,
  port: Number(port),
  logFile: join(directory, 'postgres.log'),
  settings: { listen_addresses: '*', hba_file: access, fsync: 'off' },
});
process.stdout.write(`${postgres.url}\n`);
const stop = (): void => void postgres.stop().then(() => process.exit(0));
process.stdin.resume().once('end', stop);
process.once('SIGTERM', stop);
