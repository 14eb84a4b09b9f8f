import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDatabase, isPortTaken, type ServiceProcess, startPostgres, startRedis } from '#embedded';
import { HOST, type Layout, portsOf } from './layout.ts';
import type { Progress } from './progress.ts';

/** Where PostgreSQL and Redis answer, and how to end the ones we started. */
export interface Services {
  readonly postgresUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

/** External ones where their URLs are given, embedded ones otherwise. */
export async function startServices(
  layout: Layout,
  external: { readonly postgresUrl: string | undefined; readonly redisUrl: string | undefined },
  progress: Progress,
): Promise<Services> {
  for (const directory of Object.values(layout.directories)) mkdirSync(directory, { recursive: true });
  const started: ServiceProcess[] = [];
  const embedded = <T extends ServiceProcess>(service: T): T => {
    started.push(service);
    return service;
  };
  const postgres = async (): Promise<string> => {
    if (external.postgresUrl) return external.postgresUrl;
    const server = await progress.step('PostgreSQL', () =>
      startPostgres({
        directory: layout.directories.postgres,
        port: layout.postgresPort,
        logFile: join(layout.directories.logs, 'postgres.log'),
      }),
    );
    return ensureDatabase(embedded(server).url, 'rookery');
  };
  const redis = async (): Promise<string> => {
    if (external.redisUrl) return external.redisUrl;
    const server = await progress.step('Redis', () =>
      startRedis({
        directory: layout.directories.redis,
        port: layout.redisPort,
        logFile: join(layout.directories.logs, 'redis.log'),
        onProgress: (text) => progress.note(text),
      }),
    );
    return embedded(server).url;
  };
  const stop = async (): Promise<void> => {
    await Promise.all(started.map((service) => service.stop()));
  };
  const [postgresUrl, redisUrl] = await Promise.allSettled([postgres(), redis()]);
  if (postgresUrl.status === 'rejected' || redisUrl.status === 'rejected') {
    await stop();
    throw postgresUrl.status === 'rejected' ? postgresUrl.reason : (redisUrl as PromiseRejectedResult).reason;
  }
  return { postgresUrl: postgresUrl.value, redisUrl: redisUrl.value, stop };
}

/** Names every port of hubs, nodes and apps that something else holds; throws when there is one. PostgreSQL and Redis name theirs themselves. */
export async function requireFreePorts(layout: Layout): Promise<void> {
  const taken: string[] = [];
  for (const [port, service] of portsOf(layout)) {
    if (await isPortTaken(port, HOST)) taken.push(`${port} (${service})`);
  }
  if (taken.length > 0) {
    throw new Error(
      `These ports are taken: ${taken.join(', ')}. Stop what listens there, or choose others with --port-base.`,
    );
  }
}
