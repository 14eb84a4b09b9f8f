import { type CertificateProvider, type Entrance, HttpFront, tlsServerOptions, type Upstream } from '#frontdoor';
import { type Clock, systemClock } from '#stdx';
import type { HubSettings } from './settings.ts';

/** HTTP and HTTPS. */
export class HttpPorts {
  private readonly front: HttpFront;
  private readonly clock: Clock = systemClock;
  private stopping = false;

  constructor(
    private readonly settings: HubSettings,
    private readonly api: Upstream,
    private readonly certificates: CertificateProvider,
    entrance: Entrance,
  ) {
    this.front = new HttpFront({
      hubName: settings.name,
      upstreams: new Map([['/api', api]]),
      healthy: () => !this.stopping,
      ...entrance,
    });
  }

  async listen(): Promise<void> {
    const { host, ports } = this.settings;
    await this.front.listen(host, ports.http);
    await this.front.listen(host, ports.https, tlsServerOptions(this.certificates));
  }

  /** From now on balancers are told to send nobody here. */
  announceStop(): void {
    this.stopping = true;
  }

  /** Takes nobody new; resolves when what is under way is answered, or after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    await Promise.race([this.front.close(), this.clock.sleep(graceMs)]);
    this.front.destroy();
    this.api.close();
  }
}
