import { X509Certificate } from 'node:crypto';
import type { Clock, Logger, Timer } from '#stdx';
import { askDoor } from './ask-door.ts';
import { createRequest } from './certificates.ts';
import type { MemberTrust } from './member-trust.ts';
import type { Membership, MembershipFile } from './membership.ts';
import { RENEW_PATH, renewAnswerSchema } from './wire.ts';

/** Looked at this often; a door that is away is tried again as often. */
const LOOK_MS = 600_000;
/** Renewed when so much of its life is left: a month's certificate has ten days for a door that is away. */
const LEFT = 1 / 3;

/** Keeps a member's certificate from ending: a new key and a new certificate in good time, without a restart. */
export class CertificateRenewal {
  private timer: Timer | undefined;

  constructor(
    private membership: Membership,
    private readonly file: MembershipFile,
    private readonly trust: MemberTrust,
    private readonly clock: Clock,
    private readonly logger: Logger,
    private readonly lookMs = LOOK_MS,
  ) {}

  start(): void {
    const look = (): void => void this.look();
    this.timer = this.clock.every(this.lookMs, look);
    look();
  }

  stop(): void {
    this.timer?.cancel();
  }

  /** Renews when it is time; a failure is logged, and tried again. */
  async look(): Promise<void> {
    const certificate = new X509Certificate(this.membership.certificate);
    const [begin, end] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
    const now = this.clock.now();
    if (end - now > (end - begin) * LEFT) return;
    try {
      await this.renew();
    } catch (error) {
      const { message } = error as Error;
      this.logger.warn({ error: message, endsAt: new Date(end).toISOString() }, 'the certificate could not be renewed');
    }
  }

  private async renew(): Promise<void> {
    const { membership } = this;
    const { key, request } = await createRequest();
    const door = { clusterId: membership.clusterId, ...membership.renewal };
    const credentials = { ca: membership.authority, cert: membership.certificate, key: membership.key };
    const { certificate } = renewAnswerSchema.parse(await askDoor(door, RENEW_PATH, { request }, credentials));
    this.membership = { ...membership, certificate, key };
    await this.file.write(this.membership);
    this.trust.renew({ certificate, key });
    const endsAt = new X509Certificate(certificate).validToDate.toISOString();
    this.logger.info({ endsAt }, 'certificate renewed');
  }
}
