/** What is asked of a cluster here: its members' names and logs. */
interface LoggedCluster {
  readonly file: {
    readonly hubs: readonly { readonly name: string }[];
    readonly nodes: readonly { readonly name: string }[];
  };
  log(member: string): string;
}

interface Line {
  readonly msg: string;
  readonly volumeId: string;
  readonly epoch: number;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
}

interface Reign {
  readonly subject: string;
  readonly epoch: number;
  readonly holder: string;
  readonly from: number;
  /** Unknown when its process was killed. */
  readonly until: number | undefined;
}

/** A process writes its line a moment after it let go, and may be kept from it by others on this machine. */
const LATE_MS = 500;

/** From `begins` to `ends` of each subject and epoch, as the members' own logs say. */
function reigns(
  cluster: LoggedCluster,
  members: readonly { readonly name: string }[],
  begins: string,
  ends: string,
): readonly Reign[] {
  return members
    .flatMap(({ name: holder }) => {
      const lines = cluster
        .log(holder)
        .split('\n')
        .filter((line) => line.includes(`"msg":"${begins}"`) || line.includes(`"msg":"${ends}"`))
        .map((line) => JSON.parse(line) as Line);
      return lines
        .filter(({ msg }) => msg === begins)
        .map(({ volumeId: subject, epoch, time: from }): Reign => {
          const end = lines.find((line) => line.msg === ends && line.volumeId === subject && line.epoch === epoch);
          return { subject, epoch, holder, from, until: end?.time };
        });
    })
    .sort((a, b) => a.from - b.from);
}

/** Epochs that two began, and those that began before an earlier one was over. */
function overlaps(all: readonly Reign[]): readonly string[] {
  const broken: string[] = [];
  const highest = new Map<string, Reign>();
  for (const reign of all) {
    const before = highest.get(reign.subject);
    const pair = `${reign.subject}: ${reign.holder} began epoch ${reign.epoch}`;
    if (before && reign.epoch <= before.epoch) broken.push(`${pair} after ${before.holder} epoch ${before.epoch}`);
    else highest.set(reign.subject, reign);
    const late = before?.until === undefined ? 0 : before.until - reign.from;
    if (before && late > LATE_MS)
      broken.push(`${pair} ${Math.round(late)} ms before ${before.holder} had ended epoch ${before.epoch}`);
  }
  return broken;
}

/** Volumes that two nodes had opened at once, or one epoch of which was opened twice. None, if ownership holds. */
export function doubleOwners(cluster: LoggedCluster): {
  readonly openings: number;
  readonly broken: readonly string[];
} {
  const all = reigns(cluster, cluster.file.nodes, 'volume open', 'volume closed');
  return { openings: all.length, broken: overlaps(all) };
}

/** The same of who leads. */
export function doubleLeaders(cluster: LoggedCluster): { readonly terms: number; readonly broken: readonly string[] } {
  const all = reigns(cluster, cluster.file.hubs, 'this hub leads', 'this hub no longer leads');
  return { terms: all.length, broken: overlaps(all.map((reign) => ({ ...reign, subject: 'the lead' }))) };
}
