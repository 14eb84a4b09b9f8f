import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** What `npm start -- …` was asked for. */
export interface SupervisorOptions {
  readonly hubs: number;
  /** Active nodes. */
  readonly nodes: number;
  readonly standby: number;
  readonly volumes: number;
  readonly dataDirectory: string;
  readonly portBase: number;
  readonly demo: boolean;
  readonly fresh: boolean;
  /** Start a killed hub or node again. Off, so that a kill shows the cluster healing, not the supervisor. */
  readonly restart: boolean;
  /** Tree whose build hubs and nodes are started from; a link may be changed while they run. Default this program's own. */
  readonly program: string | undefined;
}

export const USAGE = `Usage: npm start -- [options]
  --hubs N        hubs to run (2)
  --nodes N       active nodes (2)
  --standby N     standby nodes (1)
  --volumes N     volumes (one per active node)
  --data DIR      where everything is kept (.rookery/)
  --port-base N   first port of the layout (2000)
  --no-demo       no demo partner, domain and mail
  --fresh         forget the data of earlier starts
  --program DIR   tree whose build hubs and nodes run (this one); a link that is changed counts from their next start
  --restart       start hubs and nodes again when they are killed
`;

/** Bad usage, told in the words of the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export function parseOptions(args: readonly string[]): SupervisorOptions {
  const { values } = parse(args);
  const nodes = count('nodes', values.nodes, 2, 1, 80);
  const options = {
    hubs: count('hubs', values.hubs, 2, 1, 50),
    nodes,
    standby: count('standby', values.standby, 1, 0, 80 - nodes),
    volumes: count('volumes', values.volumes, nodes, 1, 1_000),
    dataDirectory: resolve(values.data ?? '.rookery'),
    portBase: count('port-base', values['port-base'], 2000, 1, 60_000),
    demo: values['no-demo'] !== true,
    fresh: values.fresh === true,
    restart: values.restart === true,
    program: values.program === undefined ? undefined : resolve(values.program),
  };
  if (options.portBase + 1000 * options.hubs > 65_535) {
    throw new UsageError(`--port-base ${options.portBase} leaves no room for ${options.hubs} hubs`);
  }
  return options;
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        hubs: { type: 'string' },
        nodes: { type: 'string' },
        standby: { type: 'string' },
        volumes: { type: 'string' },
        data: { type: 'string' },
        'port-base': { type: 'string' },
        'no-demo': { type: 'boolean' },
        fresh: { type: 'boolean' },
        restart: { type: 'boolean' },
        program: { type: 'string' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function count(name: string, text: string | undefined, fallback: number, least: number, most: number): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}, not ${text}`);
  }
  return value;
}
