import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

// Opens COUNT connections to PORT and keeps them; under TLS with `tls`. Each says one command and reads its answer.
// Prints a line when all have. Arguments: PORT COUNT plain|tls.
const [, , port = '0', count = '0', how = 'plain'] = process.argv;

async function open(): Promise<Socket> {
  const address = { port: Number(port), host: '127.0.0.1' };
  const socket = how === 'tls' ? connectTls({ ...address, rejectUnauthorized: false }) : connect(address);
  await once(socket, how === 'tls' ? 'secureConnect' : 'connect');
  socket.write('a NOOP\r\n');
  await once(socket, 'data');
  return socket;
}

const sockets: Socket[] = [];
while (sockets.length < Number(count))
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, Number(count) - sockets.length) }, open))));
console.log(sockets.length);
