import 'reflect-metadata';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Redis } from 'ioredis';
import { API_PREFIX } from '#api-schema';
import { Database } from '#database';
import { PostgresDirectoryRegistry } from '#directory/postgres';
import { StatusServer } from '#telemetry';
import { SealKey } from '#trust';
import { AppModule, UNPREFIXED } from './app.module.ts';
import type { Ground } from './ground.ts';
import { AuthenticationGuard } from './http/authentication.guard.ts';
import { BODY_TYPES, requireJson } from './http/body-type.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { RefusalError } from './http/refusal.ts';
import { ReplyInterceptor } from './http/reply.interceptor.ts';
import { type ApiRequest, type ApiResponse, pathOf } from './http/request.ts';
import { requestMetrics } from './http/request-metrics.ts';
import { IdempotencyInterceptor } from './idempotency/idempotency.interceptor.ts';
import { ReplayStore } from './idempotency/replay-store.ts';
import { ClusterTrusts } from './members/cluster-trusts.ts';
import { type MemberDoorSettings, MemberDoors } from './members/member-doors.ts';
import { JOB_BOARD_PATH, JobBoard } from './operator/job-board.ts';
import { operatorOnly } from './operator/operator-only.ts';
import { MemoryRateCounter, type RateCounter, RedisRateCounter } from './rate-limit/rate-counter.ts';
import { RateLimits } from './rate-limit/rate-limits.ts';
import type { Settings } from './settings.ts';
import { useCases } from './use-cases.ts';

const READINESS_INTERVAL_MS = 1_000;
const FORGET_INTERVAL_MS = 3_600_000;

export interface RunningApi {
  readonly url: string;
  readonly statusUrl: string;
  close(): Promise<void>;
}

/** Starts the API and resolves when it listens; it is ready when PostgreSQL answers. */
export async function startApi(settings: Settings, ground: Ground): Promise<RunningApi> {
  const { clock, random, logger } = ground;
  const database = new Database({
    url: settings.DATABASE_URL,
    connectionsMax: settings.ROOKERY_API_DATABASE_CONNECTIONS,
    applicationName: 'rookery-api',
  });
  const redis = settings.REDIS_URL === undefined ? undefined : connectRedis(settings.REDIS_URL);
  const counter: RateCounter = redis ? new RedisRateCounter(redis, clock, logger) : new MemoryRateCounter();
  const limits = new RateLimits(counter, clock, {
    requestsPerMinute: settings.ROOKERY_API_REQUESTS_PER_MINUTE,
    refusalsPerMinute: settings.ROOKERY_API_REFUSALS_PER_MINUTE,
  });
  const registry = new PostgresDirectoryRegistry(database, random, {
    memoryKiB: settings.ROOKERY_ARGON2_MEMORY_KIB,
    passes: settings.ROOKERY_ARGON2_PASSES,
    lanes: settings.ROOKERY_ARGON2_LANES,
  });
  const replays = new ReplayStore(database);
  const trusts = new ClusterTrusts(database, new SealKey(settings.ROOKERY_SEAL_KEY), ground);
  const doors = new MemberDoors(database, trusts, ground, doorSettings(settings));
  let isReady = await answers(database);
  const status = new StatusServer(() => (isReady ? { ready: true } : { ready: false, reason: 'PostgreSQL is away' }));
  const timers = [
    clock.every(READINESS_INTERVAL_MS, () => void answers(database).then((now) => (isReady = now))),
    clock.every(FORGET_INTERVAL_MS, () => void replays.forgetExpired().catch(() => {})),
  ];

  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.of(useCases(settings, ground, database, registry, { trusts, doors })),
    // The raw body: what Stripe signs is its bytes, not what they parse to.
    { logger: false, abortOnError: false, bodyParser: false, rawBody: true },
  );
  const problems = new ProblemFilter(logger);
  app.set('trust proxy', settings.ROOKERY_API_TRUSTED_PROXIES);
  app.set('etag', false);
  app.set('x-powered-by', false);
  app.set('query parser', 'simple');
  app.setGlobalPrefix(API_PREFIX, { exclude: UNPREFIXED });
  app.use(requestMetrics(ground, status.registry));
  app.use((request: ApiRequest, _response: ApiResponse, next: (error?: unknown) => void) =>
    // Nest answers only below its prefix.
    next(pathOf(request).startsWith('/api/') ? undefined : new RefusalError({ code: 'route_not_found' })),
  );
  app.use(requireJson);
  app.useBodyParser('json', {
    limit: settings.ROOKERY_API_BODY_BYTES_MAX,
    type: [...BODY_TYPES],
  });
  app.use((error: unknown, request: ApiRequest, response: ApiResponse, _next: unknown) =>
    problems.answer(error, request, response),
  );
  const board = settings.REDIS_URL === undefined ? undefined : new JobBoard(settings.REDIS_URL);
  if (board) app.use(JOB_BOARD_PATH, operatorOnly(registry, limits), board.router);
  app.useGlobalFilters(problems);
  app.useGlobalGuards(new AuthenticationGuard(registry, limits));
  app.useGlobalInterceptors(new IdempotencyInterceptor(replays, random), new ReplyInterceptor());
  await doors.start();
  await app.listen(settings.ROOKERY_API_PORT, settings.ROOKERY_HOST);
  const statusPort = await status.listen(settings.ROOKERY_HOST, settings.ROOKERY_STATUS_PORT);
  const { port } = app.getHttpServer().address() as AddressInfo;
  return {
    url: `http://${settings.ROOKERY_HOST}:${port}`,
    statusUrl: `http://${settings.ROOKERY_HOST}:${statusPort}`,
    /** Answers what is under way, takes nothing new. */
    async close() {
      isReady = false;
      for (const timer of timers) timer.cancel();
      const server = app.getHttpServer() as { closeIdleConnections(): void };
      const closed = app.close();
      server.closeIdleConnections();
      await Promise.all([closed, doors.close()]);
      await status.close();
      await board?.close();
      redis?.disconnect();
      await database.close();
    },
  };
}

function doorSettings(settings: Settings): MemberDoorSettings {
  const host = settings.ROOKERY_HOST;
  const advertisedHost = settings.ROOKERY_ADVERTISED_HOST ?? host;
  const redisUrl = settings.ROOKERY_MEMBER_REDIS_URL ?? settings.REDIS_URL;
  return {
    databaseUrl: settings.DATABASE_URL,
    host,
    advertisedHost,
    joinPort: settings.ROOKERY_JOIN_PORT,
    renewalPort: settings.ROOKERY_RENEWAL_PORT,
    certificateMs: settings.ROOKERY_CERTIFICATE_DAYS * 86_400_000,
    services: {
      databaseUrl: settings.ROOKERY_MEMBER_DATABASE_URL ?? settings.DATABASE_URL,
      apiUrl: settings.ROOKERY_MEMBER_API_URL ?? `http://${advertisedHost}:${settings.ROOKERY_API_PORT}`,
      ...(redisUrl === undefined ? {} : { redisUrl }),
    },
  };
}

async function answers(database: Database): Promise<boolean> {
  return database.query('SELECT 1').then(
    () => true,
    () => false,
  );
}

/** Reconnects for ever; meanwhile commands fail at once instead of waiting. */
function connectRedis(url: string): Redis {
  const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 500 });
  // Whoever counts finds out by asking; the connection mends itself.
  redis.on('error', () => {});
  return redis;
}
