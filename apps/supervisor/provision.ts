import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Database } from '#database';
import { migrate } from '#migrations';
import { systemClock, systemRandom } from '#stdx';
import { createLogger } from '#telemetry';
import { ensureControlPlane, OPERATOR_PARTNER } from './control-plane.ts';
import { ensureOperatorKey, SecretsFile } from './secrets.ts';

/**
 * For clusters whose processes somebody else runs (docker/compose.yaml): migrates, registers nodes and volumes, and
 * leaves each process the identity it starts with as `<out>/<name>.env`. Run again, it adds what is new.
 */
const settings = z
  .object({
    DATABASE_URL: z.url(),
    /** Node names, which are also their host names. */
    ROOKERY_NODES: z.string().transform((text) => text.split(',')),
    /** `name=directory`, comma-separated; volume k prefers node k. */
    ROOKERY_VOLUMES: z.string().transform((text) => text.split(',').map((pair) => pair.split('=') as [string, string])),
    ROOKERY_CONTROL_PORT: z.coerce.number().int().default(7701),
    ROOKERY_DATA_PORT: z.coerce.number().int().default(7702),
    ROOKERY_IDENTITY_DIR: z.string().default('/run/rookery'),
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

mkdirSync(settings.ROOKERY_IDENTITY_DIR, { recursive: true });
await ensureOperatorKey(plane.registry, new SecretsFile(settings.ROOKERY_IDENTITY_DIR, systemRandom));
const cluster = `ROOKERY_CLUSTER_ID=${plane.state.clusterId}\nROOKERY_CLUSTER_KEY=${plane.clusterKey.toString('hex')}\n`;
const leave = (name: string, text: string): void =>
  writeFileSync(join(settings.ROOKERY_IDENTITY_DIR, `${name}.env`), text, { mode: 0o640 });
leave('hub', cluster);
for (const [name, id] of plane.nodeIds) leave(name, `${cluster}ROOKERY_NODE_ID=${id}\nROOKERY_NODE_NAME=${name}\n`);
await plane.close();
await database.close();
