import { X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import type { Clock, Logger } from '#stdx';
import { askDoor, authorityBehind, DoorAwayError } from './ask-door.ts';
import { createRequest } from './certificates.ts';
import { decodeJoinToken, type JoinToken } from './join-token.ts';
import { JOIN_PATH, type JoinRequest, joinAnswerSchema } from './wire.ts';

const membershipSchema = joinAnswerSchema.extend({
  clusterId: z.string(),
  role: z.enum(['hub', 'node']),
  authority: z.string(),
  key: z.string(),
});

/** What a hub or node is in its cluster, as it was told when it joined; its certificate is renewed since. */
export type Membership = Readonly<z.infer<typeof membershipSchema>>;

/** What a newcomer says of itself. */
export type Newcomer = Pick<JoinRequest, 'role' | 'name' | 'control' | 'data'>;

/** The process has no place in a cluster and no token to get one, or what it kept cannot be used. */
export class MembershipError extends Error {
  override readonly name = 'MembershipError';
}

/** The door may be opened a moment after the token is made, by another process. */
const JOIN_MS_MAX = 20_000;
const RETRY_MS = 250;

/** `<state directory>/member.json`: nobody but this process's user may read it. */
export class MembershipFile {
  readonly path: string;

  constructor(stateDirectory: string) {
    this.path = join(stateDirectory, 'member.json');
  }

  async read(): Promise<Membership | undefined> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    try {
      return membershipSchema.parse(JSON.parse(text));
    } catch (error) {
      throw new MembershipError(`${this.path} cannot be read: ${(error as Error).message}`);
    }
  }

  async write(membership: Membership): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const file = await open(`${this.path}.next`, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(membership, null, 2)}\n`);
      // The token is used up: what was got for it must survive the next moment.
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${this.path}.next`, this.path);
  }
}

/** What this process has been since it joined; joins now, when it has not yet, with `token`. Throws `MembershipError`, `DoorRefusedError`, `JoinTokenError`. */
export async function becomeMember(
  file: MembershipFile,
  newcomer: Newcomer,
  token: string | undefined,
  clock: Clock,
  logger: Logger,
): Promise<Membership> {
  const kept = await file.read();
  if (kept) {
    if (kept.role !== newcomer.role) throw new MembershipError(`${file.path} makes this process a ${kept.role}`);
    const endedAt = new X509Certificate(kept.certificate).validToDate;
    if (endedAt.getTime() > clock.now()) return kept;
    if (token === undefined)
      throw new MembershipError(
        `the certificate ended at ${endedAt.toISOString()} without a renewal: give a new ROOKERY_JOIN_TOKEN made with --name ${kept.name}`,
      );
  }
  if (token === undefined)
    throw new MembershipError('this process has joined no cluster yet: give it ROOKERY_JOIN_TOKEN');
  const joined = await joinCluster(decodeJoinToken(token), newcomer, clock, logger);
  await file.write(joined);
  logger.info({ clusterId: joined.clusterId, memberId: joined.memberId, name: joined.name }, 'joined the cluster');
  return joined;
}

async function joinCluster(token: JoinToken, newcomer: Newcomer, clock: Clock, logger: Logger): Promise<Membership> {
  if (token.role !== newcomer.role) throw new MembershipError(`the token is for a ${token.role}`);
  const { key, request } = await createRequest();
  const { clusterId, fingerprint, secret } = token;
  const authority = await knocking(clock, logger, () => authorityBehind(token, fingerprint));
  const said: JoinRequest = { ...newcomer, secret, request };
  const answer = await knocking(clock, logger, () => askDoor(token, JOIN_PATH, said, { ca: authority }));
  return { ...joinAnswerSchema.parse(answer), clusterId, role: newcomer.role, authority, key };
}

/** Until the door is there. */
async function knocking<T>(clock: Clock, logger: Logger, knock: () => Promise<T>): Promise<T> {
  const deadline = clock.monotonic() + JOIN_MS_MAX;
  for (;;) {
    try {
      return await knock();
    } catch (error) {
      if (!(error instanceof DoorAwayError) || clock.monotonic() > deadline) throw error;
      logger.debug({ error: error.message }, 'the join door is not there yet');
      await clock.sleep(RETRY_MS);
    }
  }
}
