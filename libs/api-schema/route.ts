import { z } from 'zod';
import type { ErrorCode } from './problem.ts';

/**
 * What a key must be allowed: to look, to change what is the partner's, to send usage, or everything. `operator` includes the others,
 * `write` includes `usage`.
 */
export type Scope = 'read' | 'write' | 'usage' | 'operator';
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** One operation of the API, below `/api/v1`. */
export interface Route {
  /** As a client method would be called. */
  readonly id: string;
  readonly method: Method;
  /** `{name}` stands for one segment. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Types it takes instead of application/json, each with its schema for readers; the first for one thing, the last for a list. */
  readonly media?: Readonly<Record<string, z.ZodType>>;
  readonly status: 200 | 201 | 202 | 204;
  /** None with 204. */
  readonly response?: z.ZodType;
  /** Besides those any route may answer. */
  readonly errors: readonly ErrorCode[];
  /** Answers carry an ETag; a PATCH needs If-Match, a DELETE may have it. */
  readonly versioned?: boolean;
}

export const API_PREFIX = '/api/v1';

type Segments<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Segments<Rest>
  : never;
type SchemaOf<R extends Route, Part extends 'query' | 'body' | 'response'> = R extends {
  readonly [P in Part]: infer S extends z.ZodType;
}
  ? S
  : never;

export type ParamsOf<R extends Route> = { readonly [Name in Segments<R['path']>]: string };
type Given<R extends Route, Part extends 'query' | 'body', Side extends 'input' | 'output'> = [
  SchemaOf<R, Part>,
] extends [never]
  ? Record<Part, undefined>
  : { readonly [P in Part]: Side extends 'input' ? z.input<SchemaOf<R, Part>> : z.output<SchemaOf<R, Part>> };

/** What a handler is given: checked, defaults filled in. */
export type InputOf<R extends Route> = { readonly params: ParamsOf<R> } & Given<R, 'query', 'output'> &
  Given<R, 'body', 'output'>;
/** What a caller gives. */
export type CallOf<R extends Route> = { readonly params: ParamsOf<R> } & Given<R, 'query', 'input'> &
  Given<R, 'body', 'input'>;
export type ResponseOf<R extends Route> = [SchemaOf<R, 'response'>] extends [never]
  ? undefined
  : z.output<SchemaOf<R, 'response'>>;

/** Keeps the literal types of one route. */
export const route = <const R extends Route>(definition: R): R => definition;

/** What a body of the route is sent as. */
export function contentTypeOf({ media }: Route, body: unknown): string {
  const types = Object.keys(media ?? {});
  return types.at(Array.isArray(body) ? -1 : 0) ?? 'application/json';
}

/** Names between braces, in order. */
export const segmentsOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '');

/** One path segment: an id or a name. Addresses are at most 254 octets. */
export const Segment = z.string().min(1).max(320);
