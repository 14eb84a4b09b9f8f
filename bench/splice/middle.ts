import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { HeldSession, imap, LegReads, type SessionKeeper, storedCertificate, tlsServerOptions } from '#frontdoor';
import { silentLogger, systemClock, systemRandom } from '#stdx';

// What is measured, in a process of its own. Arguments: hub|pipe SOURCE-PORT plain|tls DIRECTORY. Prints its port, then, at
// each SIGUSR2, the bytes of memory it uses after collecting garbage (needs --expose-gc).
const [, , kind = 'hub', source = '0', how = 'plain', directory = ''] = process.argv;

const keeper: SessionKeeper = {
  protocol: imap,
  resume: async () => undefined,
  ended: (_session, client) => client.end(),
  mayCompress: () => false,
  compressed() {},
  signedOut: (_session, client) => client.destroy(),
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

const serve = (client: Socket): void => {
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
};

const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: how !== 'tls' };
const certificates =
  how === 'tls'
    ? await storedCertificate(directory, ['localhost'], systemClock, systemRandom, silentLogger)
    : undefined;
const server = certificates
  ? createTlsServer({ ...tlsServerOptions(certificates), ...options }, serve)
  : createServer(options, serve);
server.listen(0, '127.0.0.1', 4_096, () => console.log((server.address() as AddressInfo).port));
process.on('SIGUSR2', () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  console.log(process.memoryUsage.rss());
});
