import type { Socket } from 'node:net';
import { heard, openClient } from './client.ts';

// Opens COUNT connections to PORT and keeps them; under TLS with `tls`. Each signs in and, `bench`, selects its INBOX and begins
// IDLE; `any` says one command. Prints a line when all have. Arguments: PORT COUNT plain|tls bench|any.
const [, , port = '0', count = '0', how = 'plain', user = 'any'] = process.argv;
/** Connections that can come from one address: it has so many ports. */
const PER_ADDRESS = 10_000;
let opened = 0;

async function open(): Promise<Socket> {
  const localAddress = `127.0.0.${2 + Math.floor(opened++ / PER_ADDRESS)}`;
  const socket = await openClient({ port: Number(port), login: true, tls: how === 'tls', localAddress });
  if (user === 'any') {
    socket.write('a NOOP\r\n');
    await heard(socket, 'a OK');
  } else {
    socket.write('s SELECT INBOX\r\n');
    await heard(socket, 's OK');
    socket.write('i IDLE\r\n');
    await heard(socket, '+ ');
  }
  socket.resume();
  return socket;
}

const sockets: Socket[] = [];
while (sockets.length < Number(count))
  sockets.push(...(await Promise.all(Array.from({ length: Math.min(50, Number(count) - sockets.length) }, open))));
console.log(sockets.length);
