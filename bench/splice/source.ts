import { type AddressInfo, createServer, type Socket } from 'node:net';
import { encodeMark, FRAME_DATA, FRAME_MARK, frameHeader } from '#protocol/handover';

// A stand-in for a node's leg: says bytes as fast as they are taken, swallows what it is told, or answers lines.
// Arguments: framed|raw say|swallow|answer BYTES. Prints its port.
const [, , framing = 'raw', job = 'say', amount = '0'] = process.argv;
const framed = framing === 'framed';
const PAYLOAD = Buffer.alloc(65_536, 'abcdefghijklmnopqrstuvwxyz012345\r\n');
const piece = framed ? Buffer.concat([frameHeader(FRAME_DATA, PAYLOAD.length), PAYLOAD]) : PAYLOAD;

function say(socket: Socket): void {
  let left = Number(amount);
  const write = (): void => {
    while (left > 0) {
      left -= PAYLOAD.length;
      if (!socket.write(piece)) {
        socket.once('drain', write);
        return;
      }
    }
    socket.end();
  };
  write();
}

function swallow(socket: Socket): void {
  let left = Number(amount);
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    // One byte back says that everything is here; frame headers count, so the last frame may end a little later.
    if (left <= 0) socket.write(framed ? Buffer.concat([frameHeader(FRAME_DATA, 1), Buffer.from('x')]) : 'x');
  });
}

/** Each line gets a line and, framed, a mark, as a node answers a command. */
function answer(socket: Socket): void {
  const text = Buffer.from('a OK NOOP completed\r\n');
  let answered = 0;
  socket.on('data', () => {
    if (!framed) {
      socket.write(text);
      return;
    }
    const mark = encodeMark({ answered: ++answered, state: Buffer.alloc(100, 0x61) });
    socket.write(
      Buffer.concat([frameHeader(FRAME_DATA, text.length), text, frameHeader(FRAME_MARK, mark.length), mark]),
    );
  });
}

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => {});
  if (job === 'say') say(socket);
  else if (job === 'swallow') swallow(socket);
  else answer(socket);
}).listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
