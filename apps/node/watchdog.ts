/**
 * The tiny parent of a node, with nothing else to do. The worker proves over the IPC channel, several times a lease, that
 * its event loop turns and that it holds no storage on a lease that has ended. A worker that has not proved it for a lease
 * is ended with SIGKILL: hung or stopped, it would keep the storage lock for ever. Ends as its worker ends.
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const leaseMs = Number(process.env['ROOKERY_OWNER_LEASE_MS'] ?? 3_000);
/** Before the first proof: the time a process may take to load. */
const startMs = 30_000;

const worker = fork(fileURLToPath(new URL('./main.js', import.meta.url)), {
  execArgv: process.execArgv,
  stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
});
process.stdout.write(`{"worker":${worker.pid}}\n`);

/** A tick may be so late on a busy machine before it counts as standing still. */
const STALL_MS = 500;

let provedAt = performance.now();
let allowedMs = startMs;
worker.on('message', () => {
  provedAt = performance.now();
  allowedMs = leaseMs;
});

const TICK_MS = 50;
let tickedAt = performance.now();
setInterval(() => {
  const now = performance.now();
  // Time in which this process did not run either (a machine that slept, a moved virtual machine) proves nothing about the
  // worker, which after it sees for itself that its leases have ended.
  provedAt += Math.max(0, now - tickedAt - STALL_MS);
  tickedAt = now;
  const silentMs = now - provedAt;
  if (silentMs <= allowedMs) return;
  process.stderr.write(
    `${JSON.stringify({ level: 50, app: 'watchdog', worker: worker.pid, silentMs: Math.round(silentMs), msg: 'no proof of life and lease: ending the node' })}\n`,
  );
  worker.kill('SIGKILL');
}, TICK_MS);

worker.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => worker.kill(signal));
if (process.env['ROOKERY_SUPERVISED']) {
  // The supervisor's end of standard input closes with it, however it ends.
  process.stdin.resume();
  process.stdin.on('end', () => worker.kill('SIGTERM'));
}
