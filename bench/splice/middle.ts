import { type AddressInfo, connect, createServer } from 'node:net';
import { HeldSession, LegReads, type SessionKeeper } from '#frontdoor';

// What is measured, in a process of its own. Arguments: hub|pipe SOURCE-PORT. Prints its port.
const [, , kind = 'hub', source = '0'] = process.argv;

const keeper: SessionKeeper = {
  resume: async () => undefined,
  ended: (_session, client) => client.destroySoon(),
  now: () => performance.now(),
  journalBytesMax: 65_536,
};
const identity = {
  accountId: 'a',
  email: 'a@bench.test',
  partnerId: 'p',
  quotaBytes: 0,
  volumeId: 'v',
  clientAddress: '127.0.0.1',
  tls: false,
  sessionId: 's',
};

const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (client) => {
  const address = { port: Number(source), host: '127.0.0.1', noDelay: true };
  if (kind === 'pipe') {
    const leg = connect(address);
    leg.on('error', () => client.destroy());
    client.on('error', () => leg.destroy());
    client.pipe(leg).pipe(client);
    return;
  }
  const reads = new LegReads();
  const socket = connect({ ...address, onread: reads.options });
  socket.pause();
  new HeldSession(client, { socket, reads }, identity, keeper).start(Buffer.alloc(0), false);
}).listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
