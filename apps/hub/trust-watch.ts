import type { ClusterState } from '#cluster/api';
import type { ControlClient } from '#cluster/control';
import { revokedSerials } from '#cluster/postgres';
import type { Database } from '#database';
import type { Logger } from '#stdx';
import type { HubSettings } from './settings.ts';

/**
 * Keeps this hub's certificate renewed, and this hub and the nodes it is connected to from believing certificates that were
 * revoked: at once, and for as long as they could be shown.
 */
export class TrustWatch {
  private unwatch: (() => void) | undefined;

  constructor(
    private readonly settings: Pick<HubSettings, 'clusterId' | 'trust' | 'certificateRenewal'>,
    private readonly database: Database,
    private readonly state: Pick<ClusterState, 'watch'>,
    private readonly control: ControlClient,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.settings.certificateRenewal.start();
    const look = (): void => void this.look();
    this.unwatch = this.state.watch(look);
    look();
  }

  stop(): void {
    this.settings.certificateRenewal.stop();
    this.unwatch?.();
  }

  private async look(): Promise<void> {
    const { clusterId, trust } = this.settings;
    try {
      const serials = await revokedSerials(this.database, clusterId);
      trust.refuse(serials);
      this.control.refuse(serials);
      if (serials.includes(trust.self.serial)) this.leave();
    } catch (error) {
      // With PostgreSQL away nobody is removed either; the next notification, or its coming back, looks again.
      this.logger.debug({ error: (error as Error).message }, 'revoked certificates could not be read');
    }
  }

  /** In order, as an operator would stop it. */
  private leave(): void {
    this.logger.error({}, 'this hub was taken out of the cluster');
    this.stop();
    process.kill(process.pid, 'SIGTERM');
  }
}
