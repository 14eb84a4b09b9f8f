import { parentPort, workerData } from 'node:worker_threads';
import { CountingClient } from './client.ts';

// A thread with one session that says NOOP again and again, a millisecond between. Told anything, it answers with the latencies (ms) since the last time.
const { port, login } = workerData as { readonly port: number; readonly login: string };
const client = await CountingClient.open(port);
await client.run(login);
let latencies: number[] = [];
parentPort?.on('message', () => {
  parentPort?.postMessage(latencies);
  latencies = [];
});
parentPort?.postMessage([]);
for (;;) {
  latencies.push(await client.run('NOOP'));
  await new Promise((resolve) => setTimeout(resolve, 1));
}
