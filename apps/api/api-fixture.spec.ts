import assert from 'node:assert/strict';
import {
  API_PREFIX,
  type CallOf,
  contentTypeOf,
  ERRORS,
  errorsOf,
  Problem,
  type ResponseOf,
  ROUTES,
  type Route,
} from '#api-schema';
import { Database } from '#database';
import type { ApiKeyScope } from '#directory/api';
import { PostgresDirectoryRegistry } from '#directory/postgres';
import { type Clock, silentLogger, systemClock, systemContext, systemRandom } from '#stdx';
import { severableProxy, testDatabase, testServices } from '#testing';
import { type RunningApi, startApi } from './server.ts';
import { readSettings } from './settings.ts';

export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly problem: Problem | undefined;
}

type Input<R extends Route> = Partial<CallOf<R>> & { readonly headers?: Readonly<Record<string, string>> };

/** Calls the API with one key, and holds every answer against the table of routes. */
export class Caller {
  constructor(
    readonly url: string,
    readonly key: string | undefined,
  ) {}

  async call<R extends Route>(route: R, input: Input<R> = {}): Promise<Answer<ResponseOf<R>>> {
    const {
      params = {},
      query = {},
      body,
      headers = {},
    } = input as {
      params?: Record<string, string>;
      query?: Record<string, unknown>;
      body?: unknown;
      headers?: Record<string, string>;
    };
    const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const url = new URL(`${API_PREFIX}${path}`, this.url);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    const answer = await this.send(route.method, url, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { ...(body === undefined ? {} : { 'content-type': contentTypeOf(route, body) }), ...headers },
    });
    const { problem, status } = answer;
    if (problem) assert(errorsOf(route).includes(problem.code), `${route.id} does not say it answers ${problem.code}`);
    else {
      assert.equal(status, route.status, route.id);
      assert.equal(answer.headers.has('etag'), Boolean(route.versioned) && status !== 204, `${route.id}: ETag`);
      if (route.response) assert.deepEqual(route.response.parse(answer.body), answer.body, route.id);
    }
    return answer as Answer<ResponseOf<R>>;
  }

  /** The answer's body, when the call must not fail. */
  async done<R extends Route>(route: R, input: Input<R> = {}): Promise<ResponseOf<R>> {
    const answer = await this.call(route, input);
    assert(!answer.problem, JSON.stringify(answer.problem));
    return answer.body;
  }

  /** The problem's code, when the call must fail. */
  async refused<R extends Route>(route: R, input: Input<R> = {}): Promise<string> {
    const { problem, status } = await this.call(route, input);
    assert(problem, `not refused: ${status}`);
    return problem.code;
  }

  async send(method: string, path: string | URL, request: RequestInit = {}): Promise<Answer<unknown>> {
    const response = await fetch(new URL(path, this.url), {
      method,
      ...request,
      headers: { ...(this.key === undefined ? {} : { authorization: `Bearer ${this.key}` }), ...request.headers },
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    const body: unknown = isJson ? JSON.parse(text) : text;
    const problem = response.ok ? undefined : Problem.parse(body);
    if (problem) {
      assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
      assert.deepEqual([response.status, problem.status], [ERRORS[problem.code].status, response.status]);
      assert.equal(problem.requestId, response.headers.get('x-request-id'));
    }
    return { status: response.status, headers: response.headers, body, problem };
  }
}

export interface ApiFixture extends AsyncDisposable {
  readonly api: RunningApi;
  readonly database: Database;
  readonly operator: Caller;
  /** A partner with a domain `<slug>.example`, and callers with keys of the given scopes. */
  partner(slug: string, scopes?: ApiKeyScope[]): Promise<Caller>;
  /** The road between API and PostgreSQL. */
  readonly road: { cut(): void; mend(): void };
}

/** The API on a database of its own, with a shared cluster of one node and one volume. */
export async function startFixture(
  environment: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<ApiFixture> {
  const home = await testDatabase();
  const road = await severableProxy(home.url);
  const database = new Database({ url: home.url });
  const registry = new PostgresDirectoryRegistry(database, systemRandom);
  const context = systemContext('fixture');
  const made = await registry.createApiKey(context, { partnerId: null, name: 'operator', scopes: ['operator'] });
  assert(made.ok);
  const settings = readSettings({
    DATABASE_URL: road.url,
    REDIS_URL: testServices().redisUrl,
    ROOKERY_API_PORT: '0',
    ROOKERY_STATUS_PORT: '0',
    ROOKERY_JOIN_PORT: '0',
    ROOKERY_RENEWAL_PORT: '0',
    ROOKERY_SEAL_KEY: '07'.repeat(32),
    ROOKERY_ARGON2_MEMORY_KIB: '8',
    ROOKERY_ARGON2_PASSES: '1',
    ...environment,
  });
  const api = await startApi(settings, { clock, random: systemRandom, logger: silentLogger });
  const operator = new Caller(api.url, made.value.secret);
  await operator.done(ROUTES.createPartner, { body: { slug: 'owner', name: 'Owner' } });
  await operator.done(ROUTES.createCluster, { body: { name: 'shared', partner: 'owner', shared: true } });
  const mount = { driver: 'local', path: '/nowhere' } as const;
  await operator.done(ROUTES.createVolume, { params: { cluster: 'shared' }, body: { name: 'volume-1', mount } });
  return {
    api,
    database,
    operator,
    road,
    async partner(slug, scopes = ['read', 'write']) {
      await operator.call(ROUTES.createPartner, { body: { slug, name: slug } });
      await operator.call(ROUTES.createDomain, { body: { name: `${slug}.example`, partner: slug } });
      const key = await operator.done(ROUTES.createApiKey, { body: { name: 'key', partner: slug, scopes } });
      return new Caller(api.url, key.secret);
    },
    async [Symbol.asyncDispose]() {
      await api.close();
      await database.close();
      await road[Symbol.asyncDispose]();
      await home[Symbol.asyncDispose]();
    },
  };
}
