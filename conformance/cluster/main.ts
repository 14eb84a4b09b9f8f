import { parseArgs } from 'node:util';
import { EmbeddedCluster } from './embedded-cluster.ts';
import { doubleLeaders, doubleOwners } from './epochs.ts';
import { killUnderCrowd } from './idle-crowd.ts';
import { type CutRound, cutLinks } from './network/cut-links.ts';
import { NetworkedCluster } from './network/networked-cluster.ts';
import { postgresAway, redisAway } from './outages.ts';
import { type PlannedReport, rollingRestart, switchovers } from './planned.ts';
import { campaign, type Fault, percentile } from './rounds.ts';

// Campaigns on a real cluster under load, longer than tests can be:
//   node dist/conformance/cluster/main.js --campaign kill-node|kill-leader|freeze-node --rounds 200
//   node dist/conformance/cluster/main.js --campaign switchovers --rounds 50
//   node dist/conformance/cluster/main.js --campaign rolling-restart
//   node dist/conformance/cluster/main.js --campaign crowd --sessions 2000
//   node dist/conformance/cluster/main.js --campaign postgres-away|redis-away --minutes 10
//   node dist/conformance/cluster/main.js --campaign cut-links --seed 7 --rounds 45 [--cut node-alone] [--gluster]
const { values } = parseArgs({
  options: {
    campaign: { type: 'string', default: 'kill-node' },
    rounds: { type: 'string', default: '20' },
    sessions: { type: 'string', default: '2000' },
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    cut: { type: 'string', multiple: true },
    gluster: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => console.log(line);
const spread = (milliseconds: readonly number[]): string =>
  `p50 ${percentile(milliseconds, 0.5).toFixed(0)} ms, p99 ${percentile(milliseconds, 0.99).toFixed(0)} ms, max ${Math.max(0, ...milliseconds).toFixed(0)} ms`;

/** Each says whether everything held. */
type CampaignRun = (cluster: EmbeddedCluster) => Promise<boolean>;

const faults =
  (fault: Fault): CampaignRun =>
  async (cluster) => {
    const result = await campaign(cluster, fault, Number(values.rounds), say);
    const { results, acknowledged, refused, missing, altered, doubled } = result;
    const outages = results.flatMap((round) => round.outages.map(({ milliseconds }) => milliseconds));
    const disturbed = results.reduce((sum, round) => sum + round.disturbed, 0);
    say(`${fault}: ${results.length} rounds, ${outages.length} outages: ${spread(outages)}`);
    say(
      `bystanders disturbed: ${disturbed}; acknowledged ${acknowledged}, refused or cut off and sent again ${refused}`,
    );
    say(`missing ${missing.length}, altered ${altered.length}, doubled ${doubled.length}`);
    return missing.length + altered.length === 0;
  };

const planned =
  (change: (cluster: EmbeddedCluster) => Promise<PlannedReport>): CampaignRun =>
  async (cluster) => {
    const report = await change(cluster);
    const { sessions, disconnected, acknowledged, refused, missing, altered, doubled } = report;
    if (report.switchoversMs.length > 0)
      say(`${report.switchoversMs.length} switchovers: ${spread(report.switchoversMs)}`);
    say(`longest wait of a session for an answer: ${spread(report.longestWaitsMs)}`);
    say(`${disconnected} of ${sessions} sessions disconnected; ${acknowledged} acknowledged, ${refused} refused`);
    say(`missing ${missing.length}, altered ${altered.length}, doubled ${doubled.length}`);
    return disconnected + refused + missing.length + altered.length === 0;
  };

const crowd: CampaignRun = async (cluster) => {
  const { sessions, disconnected, deaf, wrong, heardAfterMs } = await killUnderCrowd(
    cluster,
    Number(values.sessions),
    say,
  );
  say(`${sessions} sessions: ${disconnected} disconnected, ${deaf} never heard, ${wrong} answered wrongly`);
  say(`from the kill to the news in IDLE, the load of making them included: ${spread(heardAfterMs)}`);
  return disconnected + deaf + wrong === 0;
};

const CAMPAIGNS: Readonly<Record<string, CampaignRun>> = {
  'kill-node': faults('kill-node'),
  'kill-leader': faults('kill-leader'),
  'freeze-node': faults('freeze-node'),
  switchovers: planned((cluster) => switchovers(cluster, Number(values.rounds), say)),
  'rolling-restart': planned((cluster) => rollingRestart(cluster, say)),
  crowd,
};

/** On a bed of their own. */
const OTHERS: Readonly<Record<string, () => Promise<boolean>>> = {
  'postgres-away': away(postgresAway),
  'redis-away': away(redisAway),
  'cut-links': async () => {
    const size = { hubs: 3, nodes: 3, volumes: 2, usersPerVolume: 2, gluster: values.gluster };
    await using cluster = await NetworkedCluster.start(size);
    const options = {
      seed: Number(values.seed),
      count: Number(values.rounds),
      ...(values.cut ? { kinds: values.cut } : {}),
    };
    const result = await cutLinks(cluster, options, say);
    for (const [kind, rounds] of Map.groupBy(result.rounds, (round) => round.kind)) say(`${kind}: ${ofCuts(rounds)}`);
    const disturbed = result.rounds.reduce((sum, round) => sum + round.disturbed, 0);
    say(
      `bystanders disturbed: ${disturbed}; acknowledged ${result.acknowledged}, refused or cut off and sent again ${result.refused}`,
    );
    say(`missing ${result.missing.length}, altered ${result.altered.length}, doubled ${result.doubled.length}`);
    const terms = doubleLeaders(cluster);
    say(`led in ${terms.terms} terms; by two at once: ${terms.broken.length}`);
    for (const line of terms.broken) say(line);
    return ownedOnce(cluster) && disturbed + result.missing.length + result.altered.length + terms.broken.length === 0;
  },
};

function away(service: typeof postgresAway): () => Promise<boolean> {
  return async () => {
    const report = await service(Number(values.minutes) * 60_000, say);
    const { missing, altered, doubled, refusals, messages, ...figures } = report;
    say(
      `away for ${values.minutes} minutes: ${figures.acknowledged} messages in, ${figures.sentOut} out (${figures.leftMeanwhile} left meanwhile, ${figures.arrived} arrived), ${figures.signIns} sign-ins`,
    );
    say(
      `refused to known users: ${refusals.length}; sessions ended: ${figures.sessionsEnded} of ${figures.sessions}; promoted: ${figures.promoted ? 'somebody' : 'nobody'}; a stranger: ${figures.stranger}`,
    );
    for (const line of new Set(refusals)) say(`  ${line}`);
    say(
      `missing ${missing.length}, altered ${altered.length}, doubled ${doubled.length}; ${figures.metered} of ${messages} messages counted ${Math.round(figures.caughtUpMs / 1_000)} s after it was back`,
    );
    const wrong = refusals.length + figures.sessionsEnded + missing.length + altered.length + doubled.length;
    return wrong === 0 && !figures.promoted && figures.arrived === figures.sentOut && figures.metered === messages;
  };
}

function ofCuts(rounds: readonly CutRound[]): string {
  const figures: readonly (readonly [string, readonly number[]])[] = [
    ['served again', rounds.flatMap(({ takenMs }) => takenMs)],
    ['served again after healing', rounds.flatMap(({ rejoinedMs }) => rejoinedMs)],
    ['led again', rounds.flatMap(({ ledAgainMs }) => ledAgainMs ?? [])],
    ['longest wait of a bystander', rounds.map(({ longestMs }) => longestMs)],
  ];
  const sum = (of: (round: CutRound) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  return [
    `${rounds.length} rounds`,
    ...figures.filter(([, all]) => all.length > 0).map(([name, all]) => `${name} ${spread(all)}`),
    `sessions concerned ended ${sum(({ ended }) => ended)}/${sum(({ concerned }) => concerned)}`,
  ].join('; ');
}

function ownedOnce(cluster: Parameters<typeof doubleOwners>[0]): boolean {
  const owners = doubleOwners(cluster);
  say(`volumes opened ${owners.openings} times; owned twice: ${owners.broken.length}`);
  for (const line of owners.broken) say(line);
  return owners.broken.length === 0;
}

async function onOneMachine(run: CampaignRun): Promise<boolean> {
  await using cluster = await EmbeddedCluster.start(['--restart']);
  const held = await run(cluster);
  return ownedOnce(cluster) && held;
}

const run = CAMPAIGNS[values.campaign];
const other = OTHERS[values.campaign];
if (!run && !other)
  throw new Error(`--campaign must be one of ${[...Object.keys(CAMPAIGNS), ...Object.keys(OTHERS)].join(', ')}`);
const held = run ? await onOneMachine(run) : await other?.();
process.exitCode = held ? 0 : 1;
