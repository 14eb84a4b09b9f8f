import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Database } from '#database';
import { migrate } from '#migrations';
import { systemClock, systemRandom } from '#stdx';
import { createLogger } from '#telemetry';
import { SealKey } from '#trust';
import { ensureControlPlane, OPERATOR_PARTNER } from './control-plane.ts';
import { tokensForNewcomers } from './join-tokens.ts';
import { ensureOperatorKey, SecretsFile } from './secrets.ts';

/**
 * For clusters whose processes somebody else runs (docker/compose.yaml): migrates, registers nodes and volumes, and
 * leaves each hub and node that is no member yet a one-time join token as `<tokens>/<name>.env`. Run again, it adds what is new.
 */
const settings = z
  .object({
    DATABASE_URL: z.url(),
    /** Hub names. */
    ROOKERY_HUBS: z.string().transform((text) => text.split(',')),
    /** Node names, which are also their host names. */
    ROOKERY_NODES: z.string().transform((text) => text.split(',')),
    /** `name=directory`, comma-separated; volume k prefers node k. */
    ROOKERY_VOLUMES: z.string().transform((text) => text.split(',').map((pair) => pair.split('=') as [string, string])),
    ROOKERY_CONTROL_PORT: z.coerce.number().int().default(7701),
    ROOKERY_DATA_PORT: z.coerce.number().int().default(7702),
    /** Where the members' state directories can be looked into, by name: who has joined gets no token. */
    ROOKERY_MEMBERS_DIR: z.string().default('/var/lib/rookery/members'),
    ROOKERY_TOKENS_DIR: z.string().default('/run/rookery'),
    /** `secrets.json` with the operator's API key. */
    ROOKERY_SECRETS_DIR: z.string().default('/var/lib/rookery/secrets'),
    /** Where members will reach the API's join door. */
    ROOKERY_JOIN_HOST: z.string(),
    ROOKERY_JOIN_PORT: z.coerce.number().int().default(2603),
    ROOKERY_SEAL_KEY: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, '32 bytes in hex')
      .transform((text) => Buffer.from(text, 'hex')),
  })
  .parse(process.env);

await migrate(settings.DATABASE_URL);
const database = new Database({ url: settings.DATABASE_URL, applicationName: 'rookery-provision' });
const plane = await ensureControlPlane({
  owner: OPERATOR_PARTNER,
  nodes: settings.ROOKERY_NODES.map((name) => ({
    name,
    control: { host: name, port: settings.ROOKERY_CONTROL_PORT },
    data: { host: name, port: settings.ROOKERY_DATA_PORT },
  })),
  volumes: settings.ROOKERY_VOLUMES.map(([name, path], index) => ({
    name,
    path,
    preferredNode: settings.ROOKERY_NODES[index % settings.ROOKERY_NODES.length] as string,
  })),
  database,
  databaseUrl: settings.DATABASE_URL,
  random: systemRandom,
  clock: systemClock,
  logger: createLogger('supervisor', 'provision', 'warn'),
});

mkdirSync(settings.ROOKERY_SECRETS_DIR, { recursive: true });
await ensureOperatorKey(plane.registry, new SecretsFile(settings.ROOKERY_SECRETS_DIR, systemRandom));
const starting = [
  ...settings.ROOKERY_HUBS.map((name) => ({ name, role: 'hub' as const })),
  ...settings.ROOKERY_NODES.map((name) => ({ name, role: 'node' as const })),
].map((member) => ({ ...member, stateDirectory: join(settings.ROOKERY_MEMBERS_DIR, member.name) }));
const tokens = await tokensForNewcomers(starting, {
  database,
  clusterId: plane.state.clusterId,
  door: { host: settings.ROOKERY_JOIN_HOST, port: settings.ROOKERY_JOIN_PORT },
  seal: new SealKey(settings.ROOKERY_SEAL_KEY),
  clock: systemClock,
  random: systemRandom,
});
mkdirSync(settings.ROOKERY_TOKENS_DIR, { recursive: true });
for (const { name } of starting) {
  const token = tokens.get(name);
  const line = token === undefined ? '' : `ROOKERY_JOIN_TOKEN=${token}\n`;
  writeFileSync(join(settings.ROOKERY_TOKENS_DIR, `${name}.env`), line, { mode: 0o640 });
}
await plane.close();
await database.close();
