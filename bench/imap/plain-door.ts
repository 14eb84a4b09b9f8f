import { createServer, type Server, type Socket } from 'node:net';

/** `tag LOGIN "user" password`, as the bench's client sends it. */
const LOGIN = /^(\S+) LOGIN (\S+) .*$/;

/** A plain socket whose first line signs in, whoever asks: a node without a hub before it. */
export function plainDoor(serve: (socket: Socket, user: string, tag: string) => void): Server {
  return createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('* OK ready\r\n');
    // A client that waits for its answer sends no more than this line.
    socket.once('data', (line: Buffer) => {
      socket.pause();
      const [, tag, user] = LOGIN.exec(line.toString('latin1').trimEnd()) ?? [];
      if (tag === undefined || user === undefined) socket.destroy();
      else serve(socket, user, tag);
    });
  });
}
