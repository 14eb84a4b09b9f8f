import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface SeverableProxy extends AsyncDisposable {
  readonly url: string;
  cut(): void;
  mend(): void;
  /** From now on it leads to another service; what is open is broken off. */
  redirect(serviceUrl: string): void;
}

/** A TCP road to a service that a test can cut: what goes through `url` reaches the service until `cut`, and again after `mend`. */
export async function severableProxy(serviceUrl: string): Promise<SeverableProxy> {
  let target = new URL(serviceUrl);
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const service = connect(Number(target.port), target.hostname);
    for (const [one, other] of [
      [client, service],
      [service, client],
    ] as const) {
      sockets.add(one);
      one
        .on('error', () => other.destroy())
        .on('close', () => {
          sockets.delete(one);
          other.destroy();
        });
    }
    client.pipe(service).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(serviceUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: url.href,
    cut,
    mend: () => {
      isCut = false;
    },
    redirect: (otherUrl) => {
      cut();
      target = new URL(otherUrl);
      isCut = false;
    },
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
