import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { RELEASE, spanText } from '#stdx';

/** `ready` says whether a load balancer may send work here, with the reason when not. */
export interface Readiness {
  readonly ready: boolean;
  readonly reason?: string;
}

/** Serves /healthz (process turns), /readyz and /metrics on its own port, away from the public ones. */
export class StatusServer {
  readonly registry = new Registry();
  private readonly server: Server;

  constructor(private readonly readiness: () => Readiness) {
    collectDefaultMetrics({ register: this.registry });
    showRelease(this.registry);
    this.server = createServer((request, response) => {
      void this.answer(request.url ?? '/').then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type }).end(body);
      });
    });
  }

  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => this.server.once('error', reject).listen(port, host, resolve));
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async answer(url: string): Promise<{ status: number; type: string; body: string }> {
    const path = url.split('?')[0];
    if (path === '/healthz') return json(200, { status: 'ok' });
    if (path === '/readyz') {
      const readiness = this.readiness();
      return json(readiness.ready ? 200 : 503, {
        status: readiness.ready ? 'ready' : 'not ready',
        ...(readiness.reason ? { reason: readiness.reason } : {}),
      });
    }
    if (path === '/metrics')
      return { status: 200, type: this.registry.contentType, body: await this.registry.metrics() };
    return json(404, { status: 'not found' });
  }
}

/** One series a process, as Prometheus' own `prometheus_build_info`: what there is of each release is a count over its labels. */
function showRelease(registry: Registry): void {
  const { version, protocol, features } = RELEASE;
  new Gauge({
    name: 'rookery_build_info',
    help: 'The release that runs here, and the protocols and feature levels it knows',
    labelNames: ['version', 'protocol', 'features'],
    registers: [registry],
  }).set({ version, protocol: spanText(protocol), features: spanText(features) }, 1);
}

const json = (status: number, value: object): { status: number; type: string; body: string } => ({
  status,
  type: 'application/json',
  body: JSON.stringify(value),
});
