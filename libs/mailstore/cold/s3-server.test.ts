import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import S3rver from '@20minutes/s3rver';
import { seededRandom, systemClock } from '#stdx';
import { temporaryDirectory } from '#testing';
import { S3ColdStorage, type S3Options } from './s3-cold-storage.ts';

export const BUCKET = 'cold-mail';
/** The server's own, as documented. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

export interface S3Server extends AsyncDisposable {
  readonly endpoint: string;
}

/**
 * A real S3 server of one bucket: signatures are checked, objects are files of a directory that goes with it. `anySignature`: for hosts a
 * bucket, whose path it signs with the bucket in it, as no other does.
 */
export async function startS3Server(anySignature = false): Promise<S3Server> {
  const directory = temporaryDirectory();
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, silent: true, directory: directory.path, vhostBuckets: true },
    allowMismatchedSignatures: anySignature,
    ...{ serviceEndpoint: 'localhost', configureBuckets: [{ name: BUCKET, configs: [] }] },
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      await server.close();
      directory[Symbol.dispose]();
    },
  };
}

export const storageAt = (endpoint: string, options: Partial<S3Options> = {}, secret?: string): S3ColdStorage =>
  new S3ColdStorage(
    { endpoint, region: 'us-east-1', bucket: BUCKET, prefix: 'some/prefix', pathStyle: true },
    {
      credentials: async () => ({ ...CREDENTIALS, ...(secret === undefined ? {} : { secretAccessKey: secret }) }),
      ...{ clock: systemClock, random: seededRandom(1), readTimeoutMs: 5_000, writeTimeoutMs: 5_000 },
      ...{ attempts: 3, retryMs: 10, ...options },
    },
  );

/** What a server does to a request: answers it, or lets it through. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** In front of a server: what `fault` does not answer goes through, and its answer comes back as `spoil` leaves it. */
export class FaultyFront implements AsyncDisposable {
  fault: Fault = () => false;
  spoil: (body: Buffer, request: IncomingMessage) => Buffer = (body) => body;
  requests: string[] = [];
  private readonly server: Server;

  private constructor(private readonly behind: string) {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  static async start(behind: string): Promise<FaultyFront> {
    const front = new FaultyFront(behind);
    await new Promise<void>((resolve) => front.server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (this.fault(request, response)) return;
    const headers = Object.entries(request.headers).filter(
      ([name]) => !['connection', 'content-length'].includes(name),
    );
    // The host that was signed is the front's; the server behind checks it as it came.
    const answer = await requestOf(this.behind, request, Object.fromEntries(headers), Buffer.concat(chunks));
    response.writeHead(answer.status, answer.headers);
    const body = this.spoil(answer.body, request);
    response.write(body);
    // As a connection that breaks: fewer bytes than were announced.
    if (body.length < answer.body.length) response.destroy();
    else response.end();
  }
}

async function requestOf(
  behind: string,
  { method, url }: IncomingMessage,
  headers: Record<string, string | string[] | undefined>,
  body: Buffer,
): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer }> {
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const outgoing = request(`${behind}${url}`, { method, headers: { ...headers, 'content-length': body.length } });
    outgoing.on('error', reject).on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
        );
    });
    outgoing.end(body);
  });
}
