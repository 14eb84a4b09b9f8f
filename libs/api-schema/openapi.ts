import { z } from 'zod';
import { COMMON_ERRORS, ERRORS, type ErrorCode, Problem } from './problem.ts';
import { API_PREFIX, type Route, segmentsOf } from './route.ts';
import { ROUTES } from './routes.ts';

type Json = { [key: string]: unknown };

/** The OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12, made from the table of routes. */
export function openApi(version: string): Json {
  const schemas = new Schemas();
  const paths: Record<string, Json> = {};
  for (const route of Object.values<Route>(ROUTES)) {
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route, schemas);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Rookery',
      version,
      description:
        'Lists are pages: pass `next` as `after`. Every POST takes an Idempotency-Key: sent again within 24 hours, it gives the first answer again. Changes name the version they change with If-Match.',
    },
    servers: [{ url: API_PREFIX }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: rk_…' } },
      schemas: { ...schemas.all, Problem: schemas.of(Problem, 'output', true) },
    },
  };
}

function operation(route: Route, schemas: Schemas): Json {
  const parameters = [
    ...segmentsOf(route.path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
    ...queryParameters(route, schemas),
    ...headerParameters(route),
  ];
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    description: `Needs a key with the scope \`${route.scope}\`.`,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(route.body ? { requestBody: { required: true, content: content(route.media, route.body, schemas) } } : {}),
    responses: { [route.status]: answer(route, schemas), ...problems(route) },
  };
}

function content(media: Route['media'], body: z.ZodType, schemas: Schemas): Json {
  const types = Object.entries(media ?? { 'application/json': body });
  return Object.fromEntries(types.map(([type, schema]) => [type, { schema: schemas.of(schema, 'input') }]));
}

function queryParameters(route: Route, schemas: Schemas): Json[] {
  if (!route.query) return [];
  const { properties = {}, required = [] } = schemas.of(route.query, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description ? { description } : {}),
    schema,
  }));
}

function headerParameters(route: Route): Json[] {
  const header = (name: string, required: boolean, description: string): Json => ({
    name,
    in: 'header',
    required,
    description,
    schema: { type: 'string', maxLength: 255 },
  });
  if (route.method === 'POST')
    return [header('Idempotency-Key', false, 'Any text of the caller’s, new for each new request; kept for 24 hours')];
  if (!route.versioned || route.method === 'GET') return [];
  return [header('If-Match', route.method === 'PATCH', 'The ETag last read, or * for whatever there is')];
}

function answer(route: Route, schemas: Schemas): Json {
  const etag = route.versioned && route.status !== 204;
  return {
    description: { 200: 'Done', 201: 'Made', 202: 'Taken on', 204: 'Done' }[route.status],
    ...(etag ? { headers: { ETag: { description: 'Its version', schema: { type: 'string' } } } } : {}),
    ...(route.response ? { content: { 'application/json': { schema: schemas.of(route.response, 'output') } } } : {}),
  };
}

/** Every code a route may answer, its own and those any may. */
export function errorsOf(route: Route): readonly ErrorCode[] {
  const own: ErrorCode[] = [...route.errors];
  if (route.body) own.push('malformed_json', 'body_too_large', 'unsupported_media_type');
  if (route.method === 'POST') own.push('idempotency_key_reused', 'idempotency_in_progress');
  if (route.method === 'PATCH') own.push('if_match_required');
  if (route.versioned && (route.method === 'PATCH' || route.method === 'DELETE')) own.push('version_mismatch');
  return [...new Set([...own, ...COMMON_ERRORS])];
}

function problems(route: Route): Json {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(route)) {
    const { status } = ERRORS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
  return Object.fromEntries(
    [...byStatus]
      .sort()
      .map(([status, codes]) => [
        status,
        { description: codes.map((code) => `\`${code}\`: ${ERRORS[code].title}`).join('\n\n'), content },
      ]),
  );
}

/** Collects the schemas that have a name, so that each is written once and referred to. */
class Schemas {
  readonly all: Record<string, Json> = {};

  of(schema: z.ZodType, io: 'input' | 'output', inline = false): Json {
    const {
      $schema: _,
      $defs = {},
      ...json
    } = z.toJSONSchema(schema, {
      io,
      target: 'draft-2020-12',
      // Answers may gain fields; a client that refuses unknown ones would break.
      override: ({ jsonSchema }) => {
        if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as Json & { $defs?: Record<string, Json> };
    const written = relocate({ ...json, $defs }) as Json & { $defs: Record<string, Json>; id?: string };
    for (const [name, { id: _id, ...definition }] of Object.entries(written.$defs)) this.define(name, definition);
    const { $defs: _defs, id, ...whole } = written;
    if (id === undefined || inline) return whole;
    this.define(id, whole);
    return { $ref: `#/components/schemas/${id}` };
  }

  private define(name: string, definition: Json): void {
    const before = this.all[name];
    if (before && JSON.stringify(before) !== JSON.stringify(definition))
      throw new Error(`the schema ${name} means two things: what is asked and what is answered need two names`);
    this.all[name] = definition;
  }
}

/** `#/$defs/X` of a schema by itself becomes `#/components/schemas/X` of the document. */
function relocate(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(relocate);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' ? item.replace('#/$defs/', '#/components/schemas/') : relocate(item),
    ]),
  );
}
