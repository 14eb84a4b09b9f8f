import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Who signs in at what is in front of a source: the first user of `login/front.ts`. */
export const LOGIN = 'l LOGIN u0@bench.test "password 0"\r\n';

/** Connects; with `login`, signs in as well. The socket is paused, with no listeners. */
export async function openClient(options: {
  readonly port: number;
  readonly login: boolean;
  readonly tls?: boolean;
  readonly localAddress?: string;
}): Promise<Socket> {
  const { port, login, tls = false, localAddress } = options;
  const address = { port, host: '127.0.0.1', noDelay: true, ...(localAddress ? { localAddress } : {}) };
  const socket: Socket = tls ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
  await once(socket, tls ? 'secureConnect' : 'connect');
  if (login) {
    await heard(socket, '\r\n');
    socket.write(LOGIN);
    await heard(socket, 'l OK');
  }
  return socket;
}

/** Reads until `text` was in what came. */
export async function heard(socket: Socket, text: string): Promise<void> {
  socket.resume();
  for (let all = ''; !all.includes(text); ) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    all += chunk.toString('latin1');
  }
  socket.pause();
}
