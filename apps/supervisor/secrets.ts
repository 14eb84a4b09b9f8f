import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DirectoryRegistry } from '#directory/api';
import { type Random, systemContext } from '#stdx';
import { accepted } from './accepted.ts';

/** What the embedded cluster made up for itself at its first start, kept in `<data>/secrets.json` (mode 0600). No default password exists. */
export interface Secrets {
  /** Hex; absent in a file of before. */
  sealKey?: string;
  operator: { email: string; password: string; apiKey: string | null };
  demo: DemoSecrets | null;
  /** What invoices are sent with; absent in a file of before. */
  billing?: { readonly email: string; readonly password: string };
}

export interface DemoSecrets {
  readonly partner: string;
  readonly apiKey: string;
  readonly domain: string;
  readonly users: readonly { readonly email: string; readonly password: string }[];
  readonly delivered: boolean;
}

/** AES-256. */
const SEAL_KEY_BYTES = 32;

export class SecretsFile {
  readonly value: Secrets;
  private readonly path: string;

  constructor(
    dataDirectory: string,
    private readonly random: Random,
  ) {
    this.path = join(dataDirectory, 'secrets.json');
    this.value = existsSync(this.path)
      ? (JSON.parse(readFileSync(this.path, 'utf8')) as Secrets)
      : {
          operator: { email: 'operator@rookery.example', password: password(random), apiKey: null },
          demo: null,
        };
  }

  /** What the control plane seals its secrets under; made at its first use. */
  get sealKey(): Buffer {
    if (this.value.sealKey === undefined) {
      this.value.sealKey = this.random.bytes(SEAL_KEY_BYTES).toString('hex');
      this.save();
    }
    return Buffer.from(this.value.sealKey, 'hex');
  }

  save(): void {
    writeFileSync(this.path, `${JSON.stringify(this.value, null, 2)}\n`, { mode: 0o600 });
  }
}

/** Makes the operator's API key at the first start. */
export async function ensureOperatorKey(registry: DirectoryRegistry, secrets: SecretsFile): Promise<void> {
  if (secrets.value.operator.apiKey !== null) return;
  const key = accepted(
    await registry.createApiKey(systemContext('supervisor'), {
      partnerId: null,
      name: 'operator',
      scopes: ['read', 'write', 'operator'],
    }),
  );
  secrets.value.operator.apiKey = key.secret;
  secrets.save();
}

/** 16 characters without look-alikes: 93 bits. */
export function password(random: Random): string {
  const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
  return Array.from({ length: 16 }, () => alphabet[Math.floor(random.fraction() * alphabet.length)]).join('');
}
