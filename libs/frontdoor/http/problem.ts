import type { ServerResponse } from 'node:http';

/** RFC 9457 problem documents of the front itself; what stands behind writes its own. `code` is stable. */
const PROBLEMS = {
  notFound: { status: 404, title: 'There is nothing at this address' },
  upstreamUnreachable: { status: 502, title: 'The service behind this address cannot be reached' },
  upstreamBroke: { status: 502, title: 'The service behind this address broke off its answer' },
  upstreamTimeout: { status: 504, title: 'The service behind this address did not answer in time' },
  overloaded: { status: 503, title: 'Too many connections' },
} as const;

export type ProblemCode = keyof typeof PROBLEMS;

export function problemDocument(code: ProblemCode): { readonly status: number; readonly body: string } {
  const { status, title } = PROBLEMS[code];
  return { status, body: JSON.stringify({ type: 'about:blank', title, status, code }) };
}

/** Answers with the problem, or breaks the connection off when an answer has begun. */
export function sendProblem(response: ServerResponse, code: ProblemCode): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, body } = problemDocument(code);
  response
    .writeHead(status, {
      'content-type': 'application/problem+json',
      'content-length': Buffer.byteLength(body),
      ...(status >= 502 ? { 'retry-after': '2' } : {}),
    })
    .end(body);
}
