import { randomUUID } from 'node:crypto';
import { API_PREFIX, type CallOf, contentTypeOf, Problem, type ResponseOf, ROUTES, type Route } from '#api-schema';
import { RefusedError, UnreachableError, UsageError } from './failure.ts';
import { exchange, type HttpAnswer } from './http.ts';

const ATTEMPTS = 4;
/** Statuses that say "not now". */
const PASSING = new Set([429, 502, 503, 504]);

export interface Target {
  readonly url: string;
  readonly apiKey: string;
}

/** Any route's input. */
interface Untyped {
  readonly params: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>> | undefined;
  readonly body?: unknown;
}

type Paged = {
  [Id in keyof typeof ROUTES]: ResponseOf<(typeof ROUTES)[Id]> extends { items: unknown[]; next?: string } ? Id : never;
}[keyof typeof ROUTES];
type ItemOf<Id extends Paged> = ResponseOf<(typeof ROUTES)[Id]> extends { items: (infer Item)[] } ? Item : never;

/** Calls the routes of the API. What may pass is tried again; a POST keeps its Idempotency-Key, so it is done once. */
export class Client {
  constructor(private readonly target: Target) {}

  /** `ifMatch`: the version a change is made to. */
  async call<R extends Route>(route: R, input: CallOf<R>, ifMatch?: number): Promise<ResponseOf<R>> {
    return (await this.send(route, input as Untyped, ifMatch)) as ResponseOf<R>;
  }

  /** The answer's bytes as they are, of routes that can answer with a document. */
  async download<R extends Route>(route: R, input: CallOf<R>): Promise<Buffer> {
    return (await this.request(route, input as Untyped)).body;
  }

  /** Every item of a list, page by page, up to `most`. */
  async all<Id extends Paged>(
    id: Id,
    query: object,
    most = Number.POSITIVE_INFINITY,
    params: Readonly<Record<string, string>> = {},
  ): Promise<ItemOf<Id>[]> {
    const items: ItemOf<Id>[] = [];
    let after: string | undefined;
    do {
      const limit = Math.min(500, most - items.length);
      const paged = { ...query, limit, ...(after ? { after } : {}) };
      const page = (await this.send(ROUTES[id], { params, query: paged })) as {
        items: ItemOf<Id>[];
        next?: string;
      };
      items.push(...page.items);
      after = page.next;
    } while (after && items.length < most);
    return items;
  }

  /** The cluster a command is about: the one named, else the only one there is. */
  async cluster(name: string | undefined): Promise<string> {
    if (name !== undefined) return name;
    const { items } = await this.call(ROUTES.listClusters, { params: {}, query: undefined, body: undefined });
    if (items.length === 1 && items[0]) return items[0].name;
    const names = items.map((cluster) => cluster.name).join(', ');
    throw new UsageError(items.length === 0 ? 'There is no cluster.' : `Say which cluster with --in: ${names}.`);
  }

  private async send(route: Route, input: Untyped, ifMatch?: number): Promise<unknown> {
    const { body } = await this.request(route, input, ifMatch);
    return body.length === 0 ? undefined : JSON.parse(body.toString());
  }

  private async request(route: Route, { params, query = {}, body }: Untyped, ifMatch?: number): Promise<HttpAnswer> {
    const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const url = new URL(`${API_PREFIX}${path}`, this.target.url);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const headers: Record<string, string> = { authorization: `Bearer ${this.target.apiKey}` };
    if (body !== undefined) headers['content-type'] = contentTypeOf(route, body);
    if (route.method === 'POST') headers['idempotency-key'] = randomUUID();
    if (ifMatch !== undefined) headers['if-match'] = `"${ifMatch}"`;
    const sent = body === undefined ? '' : JSON.stringify(body);
    const answer = await this.patiently(() => exchange(url, { method: route.method, headers, body: sent }));
    if (answer.status >= 400) throw refusal(answer.status, answer.body.toString());
    return answer;
  }

  private async patiently(ask: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await ask();
        if (!PASSING.has(answer.status) || attempt === ATTEMPTS) return answer;
        await pause(Number(answer.headers['retry-after'] ?? 1) * 1_000);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        // Nobody listens: that does not pass by itself.
        if (attempt === ATTEMPTS || code === 'ECONNREFUSED' || code === 'ENOTFOUND')
          throw new UnreachableError(`${this.target.url} does not answer: ${code ?? message}`);
        await pause(200 * attempt);
      }
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 60_000)));

function refusal(status: number, text: string): Error {
  if (PASSING.has(status) && status !== 429) return new UnreachableError(titleOf(text) ?? `HTTP ${status}`);
  const problem = Problem.safeParse(readJson(text));
  if (!problem.success) return new RefusedError(`HTTP ${status}: ${text.slice(0, 200)}`, { status });
  const { title, detail, code, errors = [] } = problem.data;
  const lines = errors.map(({ field, reason }) => `  ${field ? `${field}: ` : ''}${reason}`);
  return new RefusedError([`${detail ?? title} (${code})`, ...lines].join('\n'), problem.data);
}

const titleOf = (text: string): string | undefined => {
  const problem = Problem.safeParse(readJson(text));
  return problem.success ? (problem.data.detail ?? problem.data.title) : undefined;
};

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
