import { rm } from 'node:fs/promises';
import type { Endpoint } from '#cluster/api';
import { createJoinToken, ensureAuthority } from '#cluster/postgres';
import type { Database } from '#database';
import type { Clock, Random } from '#stdx';
import { encodeJoinToken, fingerprintOf, MembershipFile, type SealKey } from '#trust';

/** Longer than any start takes. */
const LIFE_MS = 600_000;

export interface Starting {
  readonly name: string;
  readonly role: 'hub' | 'node';
  readonly stateDirectory: string;
}

export interface JoinGround {
  readonly database: Database;
  readonly clusterId: string;
  /** Where the API's join door will be. */
  readonly door: Endpoint;
  readonly seal: SealKey;
  readonly clock: Clock;
  readonly random: Random;
}

/** Tokens, by name, for those that are not members of the cluster yet: they join as any other does. */
export async function tokensForNewcomers(
  starting: readonly Starting[],
  { database, clusterId, door, seal, clock, random }: JoinGround,
): Promise<ReadonlyMap<string, string>> {
  const authority = await ensureAuthority(database, clusterId, seal, clock, random);
  const fingerprint = fingerprintOf(authority.certificate);
  const tokens = new Map<string, string>();
  for (const { name, role, stateDirectory } of starting) {
    const file = new MembershipFile(stateDirectory);
    const kept = await file.read();
    if (kept?.clusterId === clusterId && kept.authority.trim() === authority.certificate.trim()) continue;
    // What it kept is of another cluster: other data, or another database.
    await rm(file.path, { force: true });
    const input = { role, memberName: name, createdBy: 'supervisor', lifeMs: LIFE_MS };
    const { secret } = await createJoinToken(database, clusterId, input, random);
    tokens.set(name, encodeJoinToken({ clusterId, role, ...door, fingerprint, secret }));
  }
  return tokens;
}
