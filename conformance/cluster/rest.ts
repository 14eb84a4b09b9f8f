import { randomUUID } from 'node:crypto';
import type { ClusterFile } from './embedded-cluster.ts';

/** Calls the REST API as the operator: where a command line would take too long to start. */
export async function rest<T>(
  cluster: {
    readonly file: {
      readonly api: Pick<ClusterFile['api'], 'url'>;
      readonly operator: Pick<ClusterFile['operator'], 'apiKey'>;
    };
  },
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<T> {
  const { api, operator } = cluster.file;
  const answer = await fetch(`${api.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${operator.apiKey}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}
