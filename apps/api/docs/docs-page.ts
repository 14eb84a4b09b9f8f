import { COMMON_ERRORS, ERRORS, type ErrorCode } from '#api-schema';

type Json = { readonly [key: string]: unknown };
interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly { name: string; in: string; required: boolean; description?: string; schema: Json }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Json }>> };
  readonly responses: Readonly<Record<string, { description: string; content?: Record<string, { schema: Json }> }>>;
}
export interface OpenApi {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Json>> };
}

/** The OpenAPI document as one page of HTML: no script, nothing fetched from anywhere. */
export function docsPage(document: OpenApi): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const tags = [...new Set(operations.flatMap(({ operation }) => operation.tags))];
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags.includes(tag));
    return `<section id="${slug(tag)}"><h2>${escaped(tag)}</h2>${own.map(operationHtml).join('')}</section>`;
  });
  const navigation = [...tags, 'Schemas', 'Errors']
    .map((tag) => `<a href="#${slug(tag)}">${escaped(tag)}</a>`)
    .join('');
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escaped(document.info.title)} API</title><style>${STYLE}</style></head><body>
<nav><strong>${escaped(document.info.title)} ${escaped(document.info.version)}</strong>${navigation}<a href="/api/v1/openapi.json">openapi.json</a></nav>
<main><h1>${escaped(document.info.title)} API</h1><p>${inline(document.info.description)}</p>${sections.join('')}
${schemasHtml(document.components.schemas)}${errorsHtml()}</main></body></html>`;
}

function operationHtml({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const parameters = (operation.parameters ?? []).map(
    (parameter) =>
      `<tr><td><code>${escaped(parameter.name)}</code>${parameter.required ? ' <em>required</em>' : ''}</td><td>${escaped(parameter.in)}</td><td>${type(parameter.schema)}</td><td>${inline(parameter.description ?? '')}</td></tr>`,
  );
  const bodies = Object.entries(operation.requestBody?.content ?? {}).map(([media, { schema }]) =>
    media === 'application/json'
      ? `<p>Body: ${type(schema)}</p>`
      : `<p>Body: <code>${escaped(media)}</code>: ${type(schema)}</p>`,
  );
  const answers = Object.entries(operation.responses).map(([status, { description, content }]) => {
    const schema = content?.['application/json']?.schema;
    return `<tr><td>${escaped(status)}</td><td>${inline(description)}</td><td>${schema ? type(schema) : ''}</td></tr>`;
  });
  return `<details id="${escaped(operation.operationId)}"><summary><b class="${method}">${method}</b> <code>${escaped(path)}</code> ${escaped(operation.summary)}</summary>
<p>${inline(operation.description)}</p>
${parameters.length > 0 ? `<table><tr><th>Parameter</th><th>In</th><th>Type</th><th></th></tr>${parameters.join('')}</table>` : ''}
${bodies.join('')}
<table><tr><th>Status</th><th>Means</th><th>Body</th></tr>${answers.join('')}</table></details>`;
}

function schemasHtml(schemas: OpenApi['components']['schemas']): string {
  const parts = Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, schema]) =>
        `<details id="schema-${escaped(name)}"><summary>${escaped(name)}</summary>${fields(schema)}</details>`,
    );
  return `<section id="schemas"><h2>Schemas</h2>${parts.join('')}</section>`;
}

function errorsHtml(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title }]) =>
      `<tr id="${code}"><td><code>${code}</code></td><td>${status}</td><td>${escaped(title)}${COMMON_ERRORS.includes(code as ErrorCode) ? ' <em>(any route)</em>' : ''}</td></tr>`,
  );
  return `<section id="errors"><h2>Errors</h2><p>Problem documents (RFC 9457); <code>code</code> is what programs act on.</p><table><tr><th>Code</th><th>Status</th><th></th></tr>${rows.join('')}</table></section>`;
}

function fields(schema: Json): string {
  const properties = (schema['properties'] ?? {}) as Record<string, Json>;
  const required = (schema['required'] ?? []) as readonly string[];
  const rows = Object.entries(properties).map(
    ([name, property]) =>
      `<tr><td><code>${escaped(name)}</code>${required.includes(name) ? ' <em>required</em>' : ''}</td><td>${type(property)}</td><td>${inline(String(property['description'] ?? ''))}${'default' in property ? ` Default <code>${escaped(JSON.stringify(property['default']))}</code>.` : ''}</td></tr>`,
  );
  return `<table><tr><th>Field</th><th>Type</th><th></th></tr>${rows.join('')}</table>`;
}

/** A schema in a few words; a named one as a link. */
function type(schema: Json): string {
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const name = escaped(reference.slice(reference.lastIndexOf('/') + 1));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (Array.isArray(schema['enum']))
    return schema['enum'].map((value) => `<code>${escaped(String(value))}</code>`).join(' | ');
  if (Array.isArray(schema['anyOf'])) return (schema['anyOf'] as Json[]).map(type).join(' | ');
  if (schema['type'] === 'array') return `list of ${type((schema['items'] ?? {}) as Json)}`;
  const properties = schema['properties'] as Record<string, Json> | undefined;
  if (properties)
    return `{ ${Object.entries(properties)
      .map(([name, property]) => `${escaped(name)}: ${type(property)}`)
      .join(', ')} }`;
  const types = Array.isArray(schema['type']) ? schema['type'].join(' | ') : schema['type'];
  return escaped([types ?? 'any', schema['format']].filter(Boolean).join(', '));
}

const slug = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const escaped = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
const inline = (text: string): string =>
  escaped(text)
    .replace(/`([^`]*)`/g, '<code>$1</code>')
    .replace(/\n\n/g, '<br>');

const STYLE = `:root{color-scheme:light dark;--line:#8884}body{margin:0;font:15px/1.5 system-ui,sans-serif;display:flex}
nav{position:sticky;top:0;height:100vh;padding:1.5rem;display:flex;flex-direction:column;gap:.4rem;border-right:1px solid var(--line);box-sizing:border-box;min-width:11rem}
main{padding:1.5rem 2rem;max-width:62rem;min-width:0}a{color:inherit}details{border:1px solid var(--line);border-radius:6px;margin:.4rem 0;padding:.4rem .8rem}
details:target,tr:target{outline:2px solid Highlight}summary{cursor:pointer}table{border-collapse:collapse;width:100%;margin:.5rem 0}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-top:1px solid var(--line)}
code{font:13px ui-monospace,monospace}em{opacity:.7}b{display:inline-block;min-width:3.6rem}.GET{color:#2a7}.POST{color:#27c}.PATCH{color:#b70}.DELETE{color:#c33}
@media(max-width:50rem){body{display:block}nav{position:static;height:auto;border:0}}`;
