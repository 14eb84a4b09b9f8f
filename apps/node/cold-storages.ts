import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ColdPlace } from '#cluster/api';
import { type ColdStorage, ColdStorageError } from '#mailstore/api';
import { DirectoryColdStorage, S3ColdStorage, type S3Credentials } from '#mailstore/cold';
import { type Clock, type Random, Turns } from '#stdx';

/** Threads of Node's pool (four by default) that directories of cold mail may take: the volumes' own files need the others. */
const DIRECTORY_TURNS = 2;
/** Between tries; 200, then 800 ms. */
const RETRY_MS = 200;
const ATTEMPTS = 3;

export interface ColdStorageSettings {
  /** JSON file, readable by this node alone: `{ "NAME": { "accessKeyId", "secretAccessKey", "sessionToken"? } }`. */
  readonly credentialsFile: string | undefined;
  /** What `default` names when the file has none of that name. */
  readonly credentials: S3Credentials | undefined;
  readonly readTimeoutMs: number;
  readonly writeTimeoutMs: number;
}

const credentialsSchema = z.record(
  z.string(),
  z.object({
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1).exactOptional(),
  }),
);

/** This node's ways to cold storage. What volumes share of a process is here. */
export class ColdStorages {
  /** Cold segments are made one at a time. */
  readonly turns = new Turns(1);
  private readonly directoryTurns = new Turns(DIRECTORY_TURNS);

  constructor(
    private readonly settings: ColdStorageSettings,
    private readonly clock: Clock,
    private readonly random: Random,
  ) {}

  of(place: ColdPlace): ColdStorage {
    const { clock, random } = this;
    const { readTimeoutMs, writeTimeoutMs } = this.settings;
    if (place.kind === 'directory')
      return new DirectoryColdStorage(place.path, { clock, turns: this.directoryTurns, timeoutMs: readTimeoutMs });
    return new S3ColdStorage(place, {
      credentials: () => this.credentials(place.credentials),
      ...{ clock, random, readTimeoutMs, writeTimeoutMs, attempts: ATTEMPTS, retryMs: RETRY_MS },
    });
  }

  /** Read anew each time, so that keys can be changed under a node that works. */
  private async credentials(name: string): Promise<S3Credentials> {
    const { credentialsFile, credentials } = this.settings;
    const found = credentialsFile === undefined ? undefined : (await readCredentials(credentialsFile))[name];
    const chosen = found ?? (name === 'default' ? credentials : undefined);
    if (!chosen) throw new ColdStorageError('refused', `this node has no credentials called ${name}`);
    return chosen;
  }
}

async function readCredentials(path: string): Promise<z.output<typeof credentialsSchema>> {
  try {
    return credentialsSchema.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch {
    // What is wrong with it may hold a piece of it.
    throw new ColdStorageError('refused', `${path} is no file of credentials, or cannot be read`);
  }
}
