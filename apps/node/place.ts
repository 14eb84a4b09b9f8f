import { readFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { type Clock, type Logger, present } from '#stdx';
import { becomeMember, CertificateRenewal, MembershipFile, MemberTrust } from '#trust';
import type { NodeSettings } from './settings.ts';

/** This node's place in its cluster. */
export interface NodePlace {
  readonly clusterId: string;
  readonly name: string;
  /** Signs hand-overs. */
  readonly key: Buffer;
  readonly redisUrl: string;
  readonly trust: MemberTrust;
  readonly certificateRenewal: CertificateRenewal;
  /** Keeps what the hubs said is revoked: after a restart it counts before the first hub has said it again. */
  rememberRefused(serials: readonly string[]): void;
}

/** Kept since it joined, or got now for its join token. What its own settings say goes first. */
export async function takePlace(settings: NodeSettings, clock: Clock, logger: Logger): Promise<NodePlace> {
  const { ROOKERY_STATE_DIR: directory, ROOKERY_HOST: listening } = settings;
  const everywhere = listening === '0.0.0.0' || listening === '::';
  const host = settings.ROOKERY_ADVERTISED_HOST ?? (everywhere ? hostname() : listening);
  const file = new MembershipFile(directory);
  const newcomer = {
    role: 'node' as const,
    name: settings.ROOKERY_NODE_NAME,
    control: { host, port: settings.ROOKERY_CONTROL_PORT },
    data: { host, port: settings.ROOKERY_DATA_PORT },
  };
  const kept = await becomeMember(file, newcomer, settings.ROOKERY_JOIN_TOKEN, clock, logger);
  const member = { ...kept, renewal: settings.ROOKERY_RENEWAL ?? kept.renewal };
  const trust = new MemberTrust(member, clock, logger);
  const refused = new RefusedFile(join(directory, 'refused.json'), logger);
  trust.refuse(await refused.read());
  return {
    clusterId: member.clusterId,
    name: member.name,
    key: Buffer.from(member.signingKey, 'hex'),
    redisUrl: present(settings.REDIS_URL ?? member.services.redisUrl, 'REDIS_URL'),
    trust,
    certificateRenewal: new CertificateRenewal(member, file, trust, clock, logger),
    rememberRefused: (serials) => refused.write(serials),
  };
}

const serialsSchema = z.array(z.string());

class RefusedFile {
  private writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly path: string,
    private readonly logger: Logger,
  ) {}

  async read(): Promise<readonly string[]> {
    const text = await readFile(this.path, 'utf8').catch(() => '[]');
    return serialsSchema.parse(JSON.parse(text));
  }

  write(serials: readonly string[]): void {
    this.writing = this.writing
      .then(async () => {
        await writeFile(`${this.path}.next`, JSON.stringify(serials), { mode: 0o600 });
        await rename(`${this.path}.next`, this.path);
      })
      .catch((error: Error) => this.logger.warn({ error: error.message }, 'revoked certificates could not be kept'));
  }
}
