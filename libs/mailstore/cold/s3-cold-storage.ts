import { webcrypto } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { type ColdStorage, ColdStorageError } from '#mailstore/api';
import type { Clock, Random } from '#stdx';
import { failureOf, type S3Failure } from './s3-failure.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Which storage, and where in it. */
export interface S3Place {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** In front of every object's name; '' for none. */
  readonly prefix: string;
  /** `endpoint/bucket/object` rather than `bucket.endpoint/object`. */
  readonly pathStyle: boolean;
}

export interface S3Options {
  /** Asked for each request, so that they may change. */
  readonly credentials: () => Promise<S3Credentials>;
  readonly clock: Clock;
  readonly random: Random;
  /** How long one try of a read, or of a write, may take. */
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** Tries of one request; between them `retryMs`, four times as long each time, half of it by chance. */
  readonly attempts: number;
  readonly retryMs: number;
}

const CUT_SHORT: S3Failure = { code: 'away', status: 0, text: 'the answer was cut short' };

interface Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly timeoutMs: number;
}

/** Cold segments as objects of an S3 bucket: signed requests (Signature Version 4), each checked by the storage as it arrives. */
export class S3ColdStorage implements ColdStorage {
  readonly description: string;
  private readonly base: string;

  constructor(
    private readonly place: S3Place,
    private readonly options: S3Options,
  ) {
    const url = new URL(place.endpoint);
    if (!place.pathStyle) url.hostname = `${place.bucket}.${url.hostname}`;
    const folders = [url.pathname, place.pathStyle ? place.bucket : '', place.prefix];
    const path = folders.flatMap((part) => part.split('/')).filter(Boolean);
    this.base = [url.origin, ...path.map(encodeURIComponent)].join('/');
    this.description = `s3 ${this.base}`;
  }

  async prepare(): Promise<void> {
    const name = `probe-${this.options.random.uuid()}`;
    const bytes = Buffer.from(name);
    await this.put(name, bytes);
    const back = await this.read(name, 0, bytes.length);
    await this.remove(name);
    if (!back.equals(bytes))
      throw new ColdStorageError('damaged', `${this.description} gives back other than it was given`);
  }

  async put(name: string, bytes: Buffer): Promise<void> {
    const timeoutMs = this.options.writeTimeoutMs;
    // Storage that knows nothing of conditional writes would write over what is there.
    const there = await this.request({ method: 'HEAD', name, timeoutMs });
    if (there.ok) throw new ColdStorageError('exists', `${name} is there already`);
    if (there.failure.code !== 'notFound') throw errorOf(name, there.failure);
    const sum = Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes));
    const headers: Record<string, string> = {
      'content-type': 'application/octet-stream',
      'x-amz-content-sha256': sum.toString('hex'),
      'x-amz-checksum-sha256': sum.toString('base64'),
    };
    const conditional = { ...headers, 'if-none-match': '*' };
    let done = await this.request({ method: 'PUT', name, headers: conditional, body: bytes, timeoutMs });
    if (!done.ok && done.failure.status === 501)
      done = await this.request({ method: 'PUT', name, headers, body: bytes, timeoutMs });
    // An earlier try of ours arrived though its answer did not: whoever reads it back will see.
    if (done.ok || (done.failure.code === 'exists' && done.tries > 1)) return;
    throw errorOf(name, done.failure);
  }

  async read(name: string, start: number, end: number): Promise<Buffer> {
    const { readTimeoutMs: timeoutMs } = this.options;
    const headers = { range: `bytes=${start}-${end - 1}` };
    const answer = await this.request({ method: 'GET', name, headers, timeoutMs }, (response, body) => {
      // RFC 9110 §14.4. Without it the range was not looked at, and this is all there is.
      const said = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '');
      const [first, total] = said ? [Number(said[1]), Number(said[2])] : [0, body.length];
      if (total < end) return { code: 'damaged', status: response.status, text: `it ends at ${total}, before ${end}` };
      const bytes = body.subarray(start - first, end - first);
      return bytes.length === end - start ? bytes : CUT_SHORT;
    });
    if (answer.ok) return answer.body;
    throw errorOf(name, answer.failure);
  }

  async remove(name: string): Promise<void> {
    const answer = await this.request({ method: 'DELETE', name, timeoutMs: this.options.readTimeoutMs });
    if (!answer.ok && answer.failure.code !== 'notFound') throw errorOf(name, answer.failure);
  }

  /** Tries until it is answered for good. `accept` takes what it needs of a good answer's body. */
  private async request(request: Request, accept: Accept = (_, body) => body): Promise<Answer> {
    const { attempts, retryMs, clock, random } = this.options;
    let failure: S3Failure = { code: 'away', status: 0, text: 'not tried' };
    for (let tries = 1; tries <= attempts; tries++) {
      if (tries > 1) await clock.sleep(retryMs * 4 ** (tries - 2) * (0.5 + random.fraction()));
      const answer = await this.once(request, accept);
      if (!('code' in answer)) return { ok: true, body: answer, tries };
      if (answer.code !== 'away') return { ok: false, failure: answer, tries };
      failure = answer;
    }
    return { ok: false, failure, tries: attempts };
  }

  private async once(
    { method, name, headers = {}, body, timeoutMs }: Request,
    accept: Accept,
  ): Promise<Buffer | S3Failure> {
    const { clock } = this.options;
    const ending = new AbortController();
    const timer = clock.after(timeoutMs, () => ending.abort(new Error(`no answer in ${timeoutMs} ms`)));
    try {
      const signed = await this.signed(method, name, headers);
      const response = await fetch(signed.url, {
        ...{ method, headers: signed.headers, redirect: 'manual', signal: ending.signal },
        ...(body ? { body: body as Uint8Array<ArrayBuffer> } : {}),
      });
      const answer = Buffer.from(await response.arrayBuffer());
      if (!response.ok) return failureOf(response.status, answer.toString('utf8', 0, 2_000));
      return accept(response, answer);
    } catch (error) {
      if (error instanceof ColdStorageError) return { code: error.code, status: 0, text: error.message };
      const { message, cause } = error as Error;
      return { code: 'away', status: 0, text: cause instanceof Error ? cause.message : message };
    } finally {
      timer.cancel();
    }
  }

  private async signed(method: string, name: string, headers: Readonly<Record<string, string>>) {
    const { credentials, clock } = this.options;
    const signer = new AwsV4Signer({
      ...{ method, url: `${this.base}/${name}`, headers, service: 's3', region: this.place.region },
      ...(await credentials()),
      datetime: new Date(clock.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
    });
    return signer.sign();
  }
}

type Accept = (response: Response, body: Buffer) => Buffer | S3Failure;
type Answer =
  | { readonly ok: true; readonly body: Buffer; readonly tries: number }
  | { readonly ok: false; readonly failure: S3Failure; readonly tries: number };

const errorOf = (name: string, { code, text, status }: S3Failure): ColdStorageError =>
  new ColdStorageError(code, `${name}: ${text}${status > 0 ? ` (${status})` : ''}`);
