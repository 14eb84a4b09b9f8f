import { type Clock, type Logger, present } from '#stdx';
import { becomeMember, CertificateRenewal, MembershipFile, MemberTrust } from '#trust';
import type { HubPlace, OwnSettings } from './settings.ts';

/** This hub's place in its cluster: kept since it joined, or got now for its join token. What its own settings say goes first. */
export async function takePlace(own: OwnSettings, clock: Clock, logger: Logger): Promise<HubPlace> {
  const file = new MembershipFile(own.stateDirectory);
  const newcomer = { role: 'hub' as const, name: own.name };
  const kept = await becomeMember(file, newcomer, own.joinToken, clock, logger);
  const member = { ...kept, renewal: own.renewal ?? kept.renewal };
  const trust = new MemberTrust(member, clock, logger);
  return {
    clusterId: member.clusterId,
    hubId: member.memberId,
    name: member.name,
    clusterKey: Buffer.from(member.signingKey, 'hex'),
    databaseUrl: present(own.databaseUrl ?? member.services.databaseUrl, 'DATABASE_URL'),
    redisUrl: own.redisUrl ?? member.services.redisUrl,
    apiUrl: own.apiUrl ?? new URL(present(member.services.apiUrl, 'ROOKERY_API_URL')),
    trust,
    certificateRenewal: new CertificateRenewal(member, file, trust, clock, logger),
  };
}
