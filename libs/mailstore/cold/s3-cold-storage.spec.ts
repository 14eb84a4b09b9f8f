import assert from 'node:assert/strict';
import dns from 'node:dns';
import { describe, it, mock } from 'node:test';
import { ColdStorageError, type ColdStorageErrorCode } from '#mailstore/api';
import { coldStorageContract } from '#mailstore/contract';
import { seededRandom } from '#stdx';
import { severableProxy } from '#testing';
import { S3ColdStorage } from './s3-cold-storage.ts';
import { BUCKET, FaultyFront, type S3Server, startS3Server, storageAt } from './s3-server.test.ts';

const NAME = 'v/1-1.cold';
const bytes = seededRandom(3).bytes(200_000);

const refuses = (work: Promise<unknown>, code: ColdStorageErrorCode, text = /./): Promise<void> =>
  assert.rejects(
    work,
    (error: unknown) => error instanceof ColdStorageError && error.code === code && text.test(error.message),
  );

coldStorageContract('S3, path-style', async () => {
  const server = await startS3Server();
  return { storage: storageAt(server.endpoint), dispose: async () => server[Symbol.asyncDispose]() };
});

// `*.localhost` is this machine (RFC 6761 §6.3), which not every resolver knows.
const lookup = dns.lookup as (host: string, options: object, done: (...args: unknown[]) => void) => void;
mock.method(dns, 'lookup', (host: string, options: object, done: (...args: unknown[]) => void) =>
  lookup(host.endsWith('.localhost') ? '127.0.0.1' : host, options, done),
);

coldStorageContract('S3, a host a bucket', async () => {
  const server = await startS3Server(true);
  const endpoint = server.endpoint.replace('127.0.0.1', 's3.localhost');
  const { options } = storageAt(endpoint) as unknown as { options: ConstructorParameters<typeof S3ColdStorage>[1] };
  const place = { endpoint, region: 'us-east-1', bucket: BUCKET, prefix: '', pathStyle: false };
  return { storage: new S3ColdStorage(place, options), dispose: async () => server[Symbol.asyncDispose]() };
});

async function withFront(use: (front: FaultyFront, server: S3Server) => Promise<void>): Promise<void> {
  await using server = await startS3Server();
  await using front = await FaultyFront.start(server.endpoint);
  await use(front, server);
}

describe('S3 that fails', () => {
  it('now and then is asked again; for good, is away', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint);
      let failures = 2;
      front.fault = (_, response) => {
        if (failures-- <= 0) return false;
        response.writeHead(503).end('<Error><Code>SlowDown</Code></Error>');
        return true;
      };
      await storage.put(NAME, bytes);
      failures = 2;
      assert((await storage.read(NAME, 0, bytes.length)).equals(bytes));
      failures = Infinity;
      front.requests = [];
      await refuses(storage.read(NAME, 0, 10), 'away', /SlowDown/);
      assert.equal(front.requests.length, 3);
      await refuses(storage.put('v/1-2.cold', bytes), 'away');
      await refuses(storage.remove(NAME), 'away');
    }));

  it('by answers cut short is asked again', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint);
      await storage.put(NAME, bytes);
      let short = 2;
      front.spoil = (body) => (short-- > 0 ? body.subarray(0, 1_000) : body);
      assert((await storage.read(NAME, 0, bytes.length)).equals(bytes));
      short = Infinity;
      await refuses(storage.read(NAME, 0, bytes.length), 'away');
    }));

  it('to answer in time is away', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint, { readTimeoutMs: 100, attempts: 2 });
      await storage.put(NAME, bytes);
      front.fault = () => true;
      await refuses(storage.read(NAME, 0, 10), 'away', /no answer in 100 ms/);
    }));

  it('by losing the answer to a put that it took: what is there is ours', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint);
      let lost = false;
      const seen: string[] = [];
      front.fault = (request, response) => {
        seen.push(`${request.method}`);
        if (request.method !== 'PUT') return false;
        if (lost) {
          // As storage with conditional writes answers the second try.
          response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>');
          return true;
        }
        lost = true;
        response.destroy();
        return true;
      };
      await storage.put(NAME, bytes);
      assert.deepEqual(seen, ['HEAD', 'PUT', 'PUT']);
    }));

  it('conditional writes it does not know are left out', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint);
      front.fault = (request, response) => {
        if (request.headers['if-none-match'] === undefined) return false;
        response.writeHead(501).end('<Error><Code>NotImplemented</Code></Error>');
        return true;
      };
      await storage.put(NAME, bytes);
      assert((await storage.read(NAME, 0, bytes.length)).equals(bytes));
      await refuses(storage.put(NAME, bytes), 'exists');
    }));

  it('a checksum is asked again, then away', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint);
      let bad = 1;
      front.fault = (request, response) => {
        if (request.method !== 'PUT' || bad-- <= 0) return false;
        assert.match(String(request.headers['x-amz-checksum-sha256']), /^[A-Za-z0-9+/]{43}=$/);
        response.writeHead(400).end('<Error><Code>BadDigest</Code></Error>');
        return true;
      };
      await storage.put(NAME, bytes);
      bad = Infinity;
      await refuses(storage.put('v/1-2.cold', bytes), 'away', /BadDigest/);
    }));

  it('a range that is not looked at is cut out here', () =>
    withFront(async (front) => {
      const storage = storageAt(front.endpoint);
      front.fault = (request, response) => {
        if (request.method !== 'GET') return false;
        response.writeHead(200).end(bytes);
        return true;
      };
      assert((await storage.read(NAME, 100, 5_000)).equals(bytes.subarray(100, 5_000)));
    }));

  it('credentials it does not know, and buckets that are not there, want somebody to look', async () => {
    await using server = await startS3Server();
    await refuses(storageAt(server.endpoint, {}, 'wrong').read(NAME, 0, 10), 'refused', /SignatureDoesNotMatch/);
    await refuses(storageAt(server.endpoint, {}, 'wrong').prepare(), 'refused');
    const { options } = storageAt(server.endpoint) as unknown as {
      options: ConstructorParameters<typeof S3ColdStorage>[1];
    };
    const elsewhere = {
      endpoint: server.endpoint,
      region: 'us-east-1',
      bucket: 'nowhere',
      prefix: '',
      pathStyle: true,
    };
    await refuses(new S3ColdStorage(elsewhere, options).read(NAME, 0, 10), 'refused', /NoSuchBucket/);
    await refuses(new S3ColdStorage(elsewhere, options).prepare(), 'refused');
  });

  it('a line that is cut is away, and comes back', async () => {
    await using server = await startS3Server();
    await using line = await severableProxy(server.endpoint);
    const storage = storageAt(line.url);
    await storage.put(NAME, bytes);
    line.cut();
    await refuses(storage.read(NAME, 0, 10), 'away');
    line.mend();
    assert((await storage.read(NAME, 0, 10)).equals(bytes.subarray(0, 10)));
  });

  it('names no secret in what it says', async () => {
    const storage = storageAt('http://127.0.0.1:9', { attempts: 1 }, 'very-secret');
    await assert.rejects(
      storage.prepare(),
      (error: Error) => !/very-secret/.test(`${error.message}${storage.description}`),
    );
  });
});
