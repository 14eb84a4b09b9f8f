import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/** The API as a process of its own, on ports it chooses. */
export function spawnApi(databaseUrl: string): ChildProcess {
  const environment = {
    DATABASE_URL: databaseUrl,
    ROOKERY_API_PORT: '0',
    ROOKERY_STATUS_PORT: '0',
    ROOKERY_JOIN_PORT: '0',
    ROOKERY_RENEWAL_PORT: '0',
    ROOKERY_SEAL_KEY: '07'.repeat(32),
  };
  return spawn(process.execPath, [fileURLToPath(new URL('../api/main.js', import.meta.url))], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** As the supervisor makes it at the first start. */
export async function insertOperatorKey(databaseUrl: string): Promise<string> {
  const secret = `rk_${'0'.repeat(12)}_${'A'.repeat(43)}`;
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `INSERT INTO api_key (name, prefix, secret_hash, scopes) VALUES ('operator', $1, sha256(convert_to($2, 'UTF8')), '{read,write,operator}')`,
    ['0'.repeat(12), secret],
  );
  await client.end();
  return secret;
}

/** Where it listens, as it says itself. */
export async function listening(api: ChildProcess): Promise<string> {
  const lines = createInterface({ input: api.stderr! });
  for await (const line of lines) {
    const { msg, url } = JSON.parse(line) as { msg: string; url?: string };
    if (msg === 'listening' && url) {
      // What follows is read, so that the pipe never fills.
      api.stderr?.resume();
      return url;
    }
  }
  throw new Error('the API ended while starting');
}
