import 'reflect-metadata';
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ERRORS, errorsOf, openApi, ROUTES, type Route, segmentsOf } from '#api-schema';
import { CONTROLLERS } from './app.module.ts';
import { docsPage, type OpenApi } from './docs/docs-page.ts';
import { routeOf, scopeOf } from './http/operation.ts';

const handlers = CONTROLLERS.flatMap((controller) => {
  const prototype = controller.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype)
    .map((name) => prototype[name])
    .filter((member): member is () => unknown => typeof member === 'function' && routeOf(member) !== undefined);
});
const routes = Object.entries<Route>(ROUTES);
const document = openApi('test') as unknown as OpenApi;

describe('routes, controllers, schemas and docs are one', () => {
  for (const [id, route] of routes)
    it(id, () => {
      assert.equal(route.id, id);
      const own = handlers.filter((handler) => routeOf(handler) === route);
      assert.equal(own.length, 1, 'one handler');
      assert.equal(scopeOf(own[0] as object), route.scope, 'the permission above the handler is the table’s');
      const operation = document.paths[route.path]?.[route.method.toLowerCase()];
      assert.equal(operation?.operationId, id);
      const inPath = operation.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? [];
      assert.deepEqual(inPath, segmentsOf(route.path));
      assert.equal(operation.requestBody !== undefined, route.body !== undefined);
      const statuses = [route.status, ...errorsOf(route).map((code) => ERRORS[code].status)].map(String);
      assert.deepEqual(Object.keys(operation.responses).sort(), [...new Set(statuses)].sort());
      assert.equal(route.response === undefined, route.status === 204 || id === 'actOnQueueEntry');
      if (route.method === 'POST') assert(operation.parameters?.some(({ name }) => name === 'Idempotency-Key'));
    });

  it('no handler without a route, no route twice', () => {
    assert.equal(handlers.length, routes.length);
    const places = routes.map(([, { method, path }]) => `${method} ${path}`);
    assert.equal(new Set(places).size, places.length);
  });

  it('the document refers to nothing that is not in it', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
      assert(name && document.components.schemas[name], name);
    assert.doesNotMatch(text, /"\$ref":"(?!#\/components\/schemas\/)/);
    assert.doesNotMatch(text, /\$defs/);
  });

  it('the page shows every operation, schema and code, and fetches nothing', () => {
    const html = docsPage(document);
    for (const [id] of routes) assert.match(html, new RegExp(`id="${id}"`));
    for (const code of Object.keys(ERRORS)) assert.match(html, new RegExp(`id="${code}"`));
    for (const name of Object.keys(document.components.schemas)) assert.match(html, new RegExp(`id="schema-${name}"`));
    assert.doesNotMatch(html, /<script|src=|@import|url\(|https?:\/\//);
  });
});
