import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What a scripted server answers to a line; `null` for nothing. Bytes of BDAT chunks are taken off before lines are looked for. */
export type Script = (line: string, socket: Socket) => string | null;

/** A server that does as it is told, on a port of the system's choosing. */
export async function scriptedServer(script: Script, greeting = '220 s.test LMTP') {
  const sockets = new Set<Socket>();
  const lines: string[] = [];
  let connections = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    if (greeting !== '') socket.write(`${greeting}\r\n`);
    let rest = '';
    let chunk = 0;
    let held = '';
    let inData = false;
    const answer = (line: string): void => {
      lines.push(line);
      if (inData && line !== '.') return;
      const reply = script(line, socket);
      inData = reply?.startsWith('354') ?? false;
      if (reply !== null && !socket.destroyed) socket.write(`${reply}\r\n`);
    };
    socket.on('data', (bytes) => {
      rest += bytes.toString('latin1');
      for (;;) {
        if (chunk > 0 || held !== '') {
          const taken = rest.slice(0, chunk);
          rest = rest.slice(taken.length);
          chunk -= taken.length;
          if (chunk > 0) return;
          answer(held);
          held = '';
        }
        const end = rest.indexOf('\r\n');
        if (end < 0) return;
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        const bdat = /^BDAT (\d+)/.exec(line);
        if (!bdat) answer(line);
        else {
          chunk = Number(bdat[1]);
          held = line;
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    lines,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    connect: (): Promise<Duplex> =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
        socket.once('error', reject);
      }),
    dropAll(): void {
      for (const socket of sockets) socket.destroy();
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

export const LHLO = '250-s.test\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250 CHUNKING';

/** Answers 250 to everything but what `given` says for lines that begin so. */
export const obliging =
  (given: Readonly<Record<string, string | null>> = {}): Script =>
  (line) => {
    const specific = Object.entries(given).find(([prefix]) => line.startsWith(prefix));
    if (specific) return specific[1];
    if (line.startsWith('LHLO') || line.startsWith('EHLO')) return LHLO;
    if (line === 'DATA') return '354 go';
    return line === 'QUIT' ? '221 bye' : '250 ok';
  };
