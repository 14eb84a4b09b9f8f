import { Worker } from 'node:worker_threads';
import { type Clock, type Deferred, deferred, type Timer } from '#stdx';
import { type Composed, type ComposeJob, compose } from './compose.ts';

/** Bytes of a job that is done at once: the mail of a quiet minute, in about 5 ms. */
const INLINE_BYTES = 24 * 1024;
/** After that long without work the thread ends: it takes some 20 MB. */
const IDLE_MS = 10_000;

/** Makes blocks: small ones here, others in a thread of its own, so that nobody waits for a large message or a long merge. */
export class Composer {
  private worker: Worker | undefined;
  private idle: Timer | undefined;
  private waiting: Deferred<Answer> | undefined;

  constructor(private readonly clock: Clock) {}

  /** One at a time. */
  async compose(job: ComposeJob): Promise<Composed> {
    if (bytesOf(job) <= INLINE_BYTES) return compose(job);
    this.idle?.cancel();
    this.worker ??= this.start();
    const { worker } = this;
    const waiting = deferred<Answer>();
    this.waiting = waiting;
    worker.ref();
    try {
      worker.postMessage(job);
      const answer = await waiting.promise;
      if (answer.block) return answer.block;
      throw new Error(`texts could not be indexed: ${answer.error}`);
    } finally {
      this.waiting = undefined;
      worker.unref();
      this.idle = this.clock.after(IDLE_MS, () => void this.close());
    }
  }

  private start(): Worker {
    const worker = new Worker(new URL('./compose-worker.js', import.meta.url), { name: 'text-index' });
    const gone = (error: unknown): void => {
      if (this.worker === worker) this.worker = undefined;
      this.waiting?.resolve({ error: String(error) });
    };
    worker.on('message', (answer: Answer) => this.waiting?.resolve(answer));
    worker.on('error', gone);
    worker.on('exit', gone);
    return worker;
  }

  async close(): Promise<void> {
    this.idle?.cancel();
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }
}

interface Answer {
  readonly block?: Composed;
  readonly error?: string;
}

function bytesOf({ blocks, texts }: ComposeJob): number {
  let bytes = 0;
  for (const source of texts) bytes += source.bytes?.length ?? 0;
  for (const { parts } of blocks) for (const { length } of parts) bytes += length;
  return bytes;
}
