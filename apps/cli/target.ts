import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Target } from './client.ts';
import { UnreachableError, UsageError } from './failure.ts';

const DEFAULT_FILE = '.rookery/cluster.json';
const ClusterFile = z.object({
  api: z.object({ url: z.url() }),
  operator: z.object({ apiKey: z.string() }),
});

export interface Whereabouts {
  readonly url?: string | undefined;
  readonly clusterFile?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Where the API is and which key to use: `--url`, `--cluster`, `$ROOKERY_CLUSTER`, `.rookery/cluster.json`, in this order; `$ROOKERY_API_KEY` comes before the file's key. */
export function findTarget({ url, clusterFile, environment }: Whereabouts): Target {
  const apiKey = environment['ROOKERY_API_KEY'] || undefined;
  if (url !== undefined) {
    if (!URL.canParse(url)) throw new UsageError(`--url: not a URL: ${url}`);
    if (apiKey === undefined) throw new UsageError('--url needs an API key in $ROOKERY_API_KEY.');
    return { url, apiKey };
  }
  const file = clusterFile ?? (environment['ROOKERY_CLUSTER'] || DEFAULT_FILE);
  const found = readClusterFile(file);
  return { url: found.api.url, apiKey: apiKey ?? found.operator.apiKey };
}

function readClusterFile(file: string): z.output<typeof ClusterFile> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UnreachableError(
      `No running cluster: ${file} is not there. Start one with npm start, or name one with --cluster or --url.`,
    );
  }
  try {
    return ClusterFile.parse(JSON.parse(text));
  } catch {
    throw new UsageError(`${file} is no cluster file.`);
  }
}
