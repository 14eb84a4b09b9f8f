import { Carrier, type CarrierSettings, CarrierTally, type Channel } from '#carrier';
import { decodeOpening, type PrefaceReply, type SessionKind, type SessionOpening } from '#protocol/handover';
import type { Clock, Logger } from '#stdx';
import type { LegServer, OpenLeg, PrefaceOf } from './data-server.ts';
import type { SessionServer } from './session-leg.ts';

export type SessionServers = Readonly<Record<SessionKind, SessionServer>>;

/** Carriers of the hubs, and the sessions on them. */
export class CarrierLegs implements LegServer<PrefaceOf<'carrier'>> {
  private readonly carriers = new Set<Carrier>();
  private readonly tally = new CarrierTally();

  constructor(
    private readonly servers: SessionServers,
    private readonly settings: CarrierSettings,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** Now: connections and the channels on them. Since the start: bytes, and how often a session waited for its client. */
  get figures() {
    const { bytesSent, bytesReceived, stalls } = this.tally;
    let channels = 0;
    for (const { channelCount } of this.carriers) channels += channelCount;
    return { carriers: this.carriers.size, channels, bytesSent, bytesReceived, stalls };
  }

  admit(): PrefaceReply {
    return { ok: true };
  }

  serve({ socket, preface, first }: OpenLeg<PrefaceOf<'carrier'>>): void {
    const { settings, tally, clock } = this;
    const accept = (channel: Channel, payload: Buffer): void => {
      const opening = decodeOpening(payload);
      this.begin(carrier, channel, opening).catch((error: Error) => {
        this.logger.error({ kind: opening.kind, error: error.stack ?? error.message }, 'session leg failed');
        channel.reset();
      });
    };
    const carrier = new Carrier({ socket, first, settings, tally, clock, accept });
    this.carriers.add(carrier);
    void carrier.closed.then((why) => {
      this.carriers.delete(carrier);
      this.logger.info({ hub: preface.hub, why }, 'carrier gone');
    });
  }

  private async begin(carrier: Carrier, channel: Channel, opening: SessionOpening): Promise<void> {
    const server = this.servers[opening.kind];
    const reply = await server.admit(opening);
    carrier.answer(channel, reply);
    if (reply.ok) server.serve(channel, opening);
  }
}
