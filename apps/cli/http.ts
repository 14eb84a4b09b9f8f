import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';

const TIMEOUT_MS = 30_000;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpQuestion {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** One request and its whole answer. Not `fetch`, which refuses ports it thinks bad: 6000, say, or 2049. Rejects when nobody answers. */
export function exchange(url: URL, { method, headers, body }: HttpQuestion): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(url, { method, headers, agent: false, timeout: TIMEOUT_MS }, (response) => {
    buffer(response).then(
      (whole) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: whole }),
      reject,
    );
  });
  request.on('error', reject);
  request.on('timeout', () => request.destroy(new Error(`no answer in ${TIMEOUT_MS / 1_000} s`)));
  request.end(body);
  return promise;
}
