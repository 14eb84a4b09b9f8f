import { silentLogger, systemClock, systemRandom } from '#stdx';
import {
  type Authority,
  createAuthority,
  createRequest,
  issueCertificate,
  type MemberCredentials,
  type MemberRole,
  MemberTrust,
} from '#trust';

const DAY_MS = 86_400_000;

/** A cluster's authority in this process: certificates for members that never joined. */
export class TestAuthority {
  private constructor(
    readonly clusterId: string,
    private readonly authority: Authority,
  ) {}

  static async create(clusterId: string, authority?: Authority): Promise<TestAuthority> {
    return new TestAuthority(clusterId, authority ?? (await createAuthority(clusterId, systemClock, systemRandom)));
  }

  async credentials(role: MemberRole, memberId: string): Promise<MemberCredentials> {
    const { key, request } = await createRequest();
    const identity = { clusterId: this.clusterId, role, memberId };
    const issued = await issueCertificate(this.authority, request, identity, DAY_MS, systemClock, systemRandom);
    return { authority: this.authority.certificate, certificate: issued.certificate, key };
  }

  async member(role: MemberRole, memberId: string): Promise<MemberTrust> {
    return new MemberTrust(await this.credentials(role, memberId), systemClock, silentLogger);
  }
}
