import { type ClusterStatus, ROUTES } from '#api-schema';
import { RELEASE } from '#stdx';
import type { Noun } from '../command.ts';
import { UsageError } from '../failure.ts';
import { fields, table } from '../table.ts';
import { hindrance, planOf } from '../upgrade/plan.ts';
import { RollingUpgrade } from '../upgrade/rolling.ts';
import { IN, numberOf } from './values.ts';

const PATIENCE_MINUTES = 60;

function onlyOf({ hubs, nodes }: ClusterStatus, text: string | undefined): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined;
  const names = text.split(',');
  const unknown = names.filter((name) => ![...hubs, ...nodes].some((member) => member.name === name));
  if (unknown.length > 0) throw new UsageError(`--only: no member is ${unknown.join(', ')}`);
  return new Set(names);
}

export const upgrade: Noun = {
  summary: 'a cluster to another release, member by member (docs/upgrade.md)',
  verbs: {
    run: {
      args: [],
      options: {
        in: IN,
        to: {
          type: 'value',
          value: 'VERSION',
          summary: `the release it is to be (this command's own, ${RELEASE.version})`,
        },
        hook: {
          type: 'value',
          value: 'PROGRAM',
          summary: 'replaces and restarts a member: PROGRAM hub|node NAME VERSION',
        },
        only: { type: 'value', value: 'NAME,…', summary: 'these members and no others: one to try it on' },
        'dry-run': { type: 'flag', summary: 'only say what would be done, and what is in the way' },
        force: { type: 'flag', summary: 'go on without a second hub, a standby, or a member that is away' },
        patience: { type: 'value', value: 'MINUTES', summary: `how long to wait for a member (${PATIENCE_MINUTES})` },
      },
      summary: 'drain, replace and let back each member; broken off and run again, it goes on',
      async run({ client, values, flags, progress }) {
        const say = (line: string): void => progress.say(line);
        const cluster = await client.cluster(values['in']);
        const version = values['to'] ?? RELEASE.version;
        const asked = { params: { cluster }, query: undefined, body: undefined };
        const status = await client.call(ROUTES.showClusterStatus, asked);
        const only = onlyOf(status, values['only']);
        const steps = planOf(status, version, only);
        if (flags.has('dry-run')) {
          const rows = steps.map((step) => [
            step.name,
            step.role,
            step.from || '-',
            version,
            hindrance(status, step)?.why ?? '',
          ]);
          const text =
            rows.length === 0
              ? `Every member is ${version}.`
              : table(['MEMBER', 'ROLE', 'IS', 'TO BE', 'IN THE WAY NOW'], rows);
          return { json: steps, text };
        }
        const rolling = new RollingUpgrade(client, {
          ...{ cluster, version, only, say, hook: values['hook'], force: flags.has('force') },
          patienceMs: (numberOf('patience', values['patience']) ?? PATIENCE_MINUTES) * 60_000,
        });
        const done = await rolling.run();
        const all = planOf(await client.call(ROUTES.showClusterStatus, asked), version).length === 0;
        const text = all
          ? `Every member is ${version}. Once none is to go back: rookery upgrade finish`
          : `${done.length} members are now ${version}.`;
        return { json: done, text };
      },
    },
    finish: {
      args: [],
      options: { in: IN },
      summary: 'let the cluster use what the new release can; there is no way back to the old one',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const json = await client.call(ROUTES.raiseFeatureLevel, { params, query: undefined, body: {} });
        return { json, text: fields({ ...json }) };
      },
    },
  },
};
