import { type ClusterEvent, type ClusterStatus, type Rebalance, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { fields, table } from '../table.ts';
import { hubTable } from './hub.ts';
import { nodeTable } from './node.ts';
import { given, IN, NONE, numberOf, requireChange, wordOf } from './values.ts';
import { volumeTable } from './volume.ts';

const eventTable = (events: readonly ClusterEvent[]): string =>
  table(
    ['AT', 'EVENT', 'OF', 'TOOK'],
    events.map(({ at, kind, name, subject, durationMs }) => [
      at,
      kind,
      name ?? subject,
      durationMs === null ? null : `${Math.round(durationMs)} ms`,
    ]),
  );

const statusText = ({ cluster, hubs, nodes, volumes, events }: ClusterStatus): string =>
  [
    `Cluster ${cluster.name}${cluster.shared ? ', shared' : ` of ${cluster.partner}`}`,
    hubTable(hubs),
    nodeTable(nodes),
    volumeTable(volumes),
    eventTable(events),
  ].join('\n\n');

const rebalanceText = ({ volumes, accounts }: Rebalance): string => {
  const rows = [
    ...volumes.map(({ volume, from, to, why }) => ['volume', volume, `${from} → ${to}`, why]),
    ...accounts.map(({ account, from, to, why }) => ['account', account, `${from} → ${to}`, why]),
  ];
  return rows.length === 0 ? 'The cluster is even.' : table(['WHAT', 'NAME', 'WAY', 'WHY'], rows);
};

export const cluster: Noun = {
  summary: 'hubs, nodes and volumes with one leader',
  verbs: {
    list: {
      args: [],
      summary: 'all clusters',
      async run({ client }) {
        const { items } = await client.call(ROUTES.listClusters, NONE);
        const rows = items.map(({ name, partner, shared, id }) => [name, partner, shared ? 'yes' : 'no', id]);
        return { json: items, text: table(['CLUSTER', 'OWNER', 'SHARED', 'ID'], rows) };
      },
    },
    create: {
      args: ['NAME'],
      options: {
        partner: { type: 'value', value: 'PARTNER', required: true, summary: 'who owns it and pays for its hours' },
        shared: { type: 'flag', summary: 'any partner may place domains there' },
      },
      summary: 'make a cluster',
      async run({ client, args: [name = ''], values, flags }) {
        const body = { name, partner: values['partner'] ?? '', shared: flags.has('shared') };
        const made = await client.call(ROUTES.createCluster, { params: {}, query: undefined, body });
        return { json: made, text: fields({ ...made }) };
      },
    },
    update: {
      args: [],
      options: {
        in: IN,
        'fail-back': { type: 'value', value: 'auto|manual', summary: 'do volumes go back to nodes that came back?' },
        'volume-warn': { type: 'value', value: 'PERCENT', summary: 'alert when a volume’s disk is so full' },
        'volume-full': { type: 'value', value: 'PERCENT', summary: 'and again, more urgently, from here on' },
        features: { type: 'value', value: 'auto|manual', summary: 'does its feature level rise by itself?' },
        'fail-back-after': { type: 'value', value: 'SECONDS', summary: 'how long such a node must have been well' },
      },
      summary: 'change how it behaves',
      async run({ client, values }) {
        const body = requireChange(
          given({
            failBack: wordOf('fail-back', values['fail-back'], ['auto', 'manual']),
            volumeWarnPercent: numberOf('volume-warn', values['volume-warn']),
            volumeFullPercent: numberOf('volume-full', values['volume-full']),
            featureRaise: wordOf('features', values['features'], ['auto', 'manual']),
            failBackAfterSeconds: numberOf('fail-back-after', values['fail-back-after']),
          }),
        );
        const params = { cluster: await client.cluster(values['in']) };
        const changed = await client.call(ROUTES.updateCluster, { params, query: undefined, body });
        return { json: changed, text: fields({ ...changed }) };
      },
    },
    rebalance: {
      args: [],
      options: {
        in: IN,
        advice: { type: 'flag', summary: 'only say what would be moved' },
        accounts: { type: 'value', value: 'N', summary: 'move at most so many accounts (50)' },
      },
      summary: 'even volumes out over nodes, and accounts over volumes',
      async run({ client, values, flags }) {
        const params = { cluster: await client.cluster(values['in']) };
        const asked = given({ accounts: numberOf('accounts', values['accounts']) });
        const json = flags.has('advice')
          ? await client.call(ROUTES.adviseRebalance, { params, query: asked, body: undefined })
          : await client.call(ROUTES.rebalance, { params, query: undefined, body: asked });
        return { json, text: rebalanceText(json) };
      },
    },
    status: {
      args: [],
      options: { in: IN },
      summary: 'its hubs, nodes, volumes and last events',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const json = await client.call(ROUTES.showClusterStatus, { params, query: undefined, body: undefined });
        return { json, text: statusText(json) };
      },
    },
    events: {
      args: [],
      options: {
        in: IN,
        limit: { type: 'value', value: 'N', summary: 'the last so many (100)' },
        after: { type: 'value', value: 'ID', summary: 'those after this event' },
      },
      summary: 'what happened, with durations',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const query = given({
          limit: numberOf('limit', values['limit'], 1),
          after: numberOf('after', values['after']),
        });
        const { items } = await client.call(ROUTES.listClusterEvents, { params, query, body: undefined });
        return { json: items, text: eventTable(items) };
      },
    },
  },
};
