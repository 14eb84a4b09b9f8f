import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Above the default layout of `npm start`, from where `fetch` refuses none on, below what test clusters take and what the system gives outgoing connections (from 32768 on). */
const FREE_PORTS = { first: 7_000, count: 3_400 };

/** Goes round from a start of this process's own, so that a port is not given twice before the first is listened on. */
let next = randomInt(FREE_PORTS.count);

/**
 * A port nobody listens on now, for a service that is started on it soon. Not the system's choice (port 0): that is a port
 * of outgoing connections, and while the service is down one of them may be given it.
 */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  for (let tried = 0; tried < FREE_PORTS.count; tried++) {
    const port = FREE_PORTS.first + (next++ % FREE_PORTS.count);
    if (!(await isPortTaken(port, host))) return port;
  }
  throw new Error(`no free port from ${FREE_PORTS.first} on`);
}

/** Whether something already listens there. */
export async function isPortTaken(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(true)).listen(port, host, () => server.close(() => resolve(false)));
  });
}
