import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A listener on a port of the system's choosing whose temper may change. */
export interface OutsideServer extends AsyncDisposable {
  readonly port: number;
  serve: (socket: Socket) => void;
  connectTo(port: number): Promise<Socket>;
}

export async function outsideServer(): Promise<OutsideServer> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    outside.serve(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const outside: OutsideServer = {
    port: (server.address() as AddressInfo).port,
    serve: () => {},
    connectTo: (port) =>
      new Promise((resolve, reject) => {
        const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
        socket.once('error', reject);
      }),
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return outside;
}
