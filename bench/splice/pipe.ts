import { type AddressInfo, connect, createServer } from 'node:net';

// The least a proxy in Node can be, in a process of its own: two sockets piped into each other. Argument: SOURCE-PORT. Prints its port.
const [, , source = '0'] = process.argv;
const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
  const leg = connect({ port: Number(source), host: '127.0.0.1', noDelay: true });
  leg.on('error', () => client.destroy());
  client.on('error', () => leg.destroy());
  client.pipe(leg).pipe(client);
});
server.listen(0, '127.0.0.1', 4_096, () => console.log((server.address() as AddressInfo).port));
