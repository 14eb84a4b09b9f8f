import { createSecureContext, type SecureContext } from 'node:tls';
import { ensureAuthority } from '#cluster/postgres';
import type { Database } from '#database';
import { type Authority, createRequest, issueCertificate, MemberTrust, type SealKey } from '#trust';
import type { Ground } from '../ground.ts';

/** A day: this process renews it by itself, in memory. */
const LIFE_MS = 86_400_000;

/** What the control plane is to one cluster. */
export interface ClusterTrust {
  readonly authority: Authority;
  /** This process as a member, in the role `control`. */
  readonly trust: MemberTrust;
  /** For a door: the same certificate, with the authority's behind it. */
  readonly context: SecureContext;
}

/** The control plane's own place in the mutual TLS of every cluster. */
export class ClusterTrusts {
  private readonly kept = new Map<string, { readonly made: Promise<ClusterTrust>; readonly until: number }>();
  private readonly processId: string;

  constructor(
    private readonly database: Database,
    private readonly seal: SealKey,
    private readonly ground: Ground,
  ) {
    this.processId = ground.random.uuid();
  }

  /** Rejects `SealError` when the cluster's authority was sealed under another key. */
  of(clusterId: string): Promise<ClusterTrust> {
    const { clock } = this.ground;
    const kept = this.kept.get(clusterId);
    if (kept && clock.now() < kept.until) return kept.made;
    const made = this.make(clusterId);
    this.kept.set(clusterId, { made, until: clock.now() + LIFE_MS / 2 });
    made.catch(() => this.kept.delete(clusterId));
    return made;
  }

  private async make(clusterId: string): Promise<ClusterTrust> {
    const { clock, random, logger } = this.ground;
    const authority = await ensureAuthority(this.database, clusterId, this.seal, clock, random);
    const { key, request } = await createRequest();
    const identity = { clusterId, role: 'control' as const, memberId: this.processId };
    const { certificate } = await issueCertificate(authority, request, identity, LIFE_MS, clock, random);
    const { certificate: ca } = authority;
    return {
      authority,
      trust: new MemberTrust({ authority: ca, certificate, key }, clock, logger),
      context: createSecureContext({ ca, cert: `${certificate}\n${ca}`, key, minVersion: 'TLSv1.3' }),
    };
  }
}
