import { parentPort } from 'node:worker_threads';
import { type ComposeJob, compose } from './compose.ts';

// A thread that makes blocks of what it is sent, one after the other.
parentPort?.on('message', (job: ComposeJob) => {
  compose(job).then(
    (block) => parentPort?.postMessage({ block }),
    (error: unknown) => parentPort?.postMessage({ error: String(error instanceof Error ? error.stack : error) }),
  );
});
