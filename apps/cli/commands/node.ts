import { type Node, ROUTES, type Volume } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { UsageError } from '../failure.ts';
import { fields, table } from '../table.ts';
import { releaseFields } from './member.ts';
import { done, given, IN, numberOf, requireChange, waiting, wordOf } from './values.ts';
import { volumeTable } from './volume.ts';

export const nodeTable = (nodes: readonly Node[]): string =>
  table(
    ['NODE', 'STATE', 'VOLUMES', 'ACCOUNTS', 'ELIGIBLE', 'VERSION', 'LAST SEEN'],
    nodes.map((node) => [
      node.name,
      node.draining && node.state !== 'draining' ? `${node.state}, to be drained` : node.state,
      node.load.volumes,
      node.load.accounts,
      node.eligible ? 'yes' : 'no',
      node.version,
      node.lastSeenAt,
    ]),
  );

const endpointText = ({ host, port }: { host: string; port: number }): string => `${host}:${port}`;

const shown = (node: Node): Output => ({
  json: node,
  text: fields({
    ...node,
    ...releaseFields(node),
    volumes: node.volumes.join(', '),
    load: `${node.load.volumes} volumes, ${node.load.accounts} accounts`,
    control: endpointText(node.control),
    data: endpointText(node.data),
  }),
});

function endpointOf(option: string, text: string | undefined): { host: string; port: number } {
  const match = /^\[?([^[\]]+)\]?:(\d{1,5})$/.exec(text ?? '');
  if (!match?.[1]) throw new UsageError(`--${option}: HOST:PORT, not ${text ?? 'nothing'}`);
  return { host: match[1], port: Number(match[2]) };
}

export const node: Noun = {
  summary: 'mail-server processes',
  verbs: {
    list: {
      args: [],
      options: { in: IN },
      summary: 'all nodes',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const { items } = await client.call(ROUTES.listNodes, { params, query: undefined, body: undefined });
        return { json: items, text: nodeTable(items) };
      },
    },
    show: {
      args: ['NODE'],
      options: { in: IN },
      summary: 'one node',
      async run({ client, args: [node = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), node };
        return shown(await client.call(ROUTES.showNode, { params, query: undefined, body: undefined }));
      },
    },
    create: {
      args: ['NAME'],
      options: {
        in: IN,
        control: { type: 'value', value: 'HOST:PORT', required: true, summary: 'where hubs control it' },
        data: { type: 'value', value: 'HOST:PORT', required: true, summary: 'where hubs hand sessions to it' },
        weight: { type: 'value', value: 'N', summary: 'share of the volumes it may take (1)' },
      },
      summary: 'tell the cluster of a node',
      async run({ client, args: [name = ''], values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const body = {
          name,
          control: endpointOf('control', values['control']),
          data: endpointOf('data', values['data']),
          ...given({ weight: numberOf('weight', values['weight']) }),
        };
        return shown(await client.call(ROUTES.createNode, { params, query: undefined, body }));
      },
    },
    drain: {
      args: ['NODE'],
      options: { in: IN, wait: { type: 'flag', summary: 'until it owns nothing, saying what is left' } },
      summary: 'have its volumes moved away, and give it none',
      async run(invocation) {
        const { client, args, values } = invocation;
        const [node = ''] = args;
        const params = { cluster: await client.cluster(values['in']), node };
        const asked = { params, query: undefined, body: { drain: true } };
        let now = await client.call(ROUTES.drainNode, asked);
        await waiting(invocation, async () => {
          now = await client.call(ROUTES.showNode, { params, query: undefined, body: undefined });
          return now.load.volumes === 0 ? undefined : `${node}: ${now.load.volumes} volumes left`;
        });
        return shown(now);
      },
    },
    undrain: {
      args: ['NODE'],
      options: { in: IN },
      summary: 'let it take volumes again',
      async run({ client, args: [node = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), node };
        return shown(await client.call(ROUTES.drainNode, { params, query: undefined, body: { drain: false } }));
      },
    },
    prefer: {
      args: ['NODE', 'VOLUME…'],
      options: { in: IN },
      summary: 'the node these volumes should be on when it is well',
      async run({ client, args: [node = '', ...volumes], values }) {
        const cluster = await client.cluster(values['in']);
        const body = { preferredNode: node };
        const changed: Volume[] = [];
        for (const volume of volumes)
          changed.push(await client.call(ROUTES.updateVolume, { params: { cluster, volume }, query: undefined, body }));
        return { json: changed, text: volumeTable(changed) };
      },
    },
    'fail-back': {
      args: ['NODE'],
      options: { in: IN },
      summary: 'have the volumes that prefer it moved to it',
      async run({ client, args: [node = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), node };
        const { items } = await client.call(ROUTES.failBackNode, { params, query: undefined, body: undefined });
        return { json: items, text: items.length === 0 ? `nothing is away from ${node}` : volumeTable(items) };
      },
    },
    update: {
      args: ['NODE'],
      options: {
        in: IN,
        weight: { type: 'value', value: 'N', summary: 'share of the volumes it may take' },
        eligible: { type: 'value', value: 'yes|no', summary: 'may it be given volumes?' },
      },
      summary: 'change a node',
      async run({ client, args: [node = ''], values }) {
        const eligible = wordOf('eligible', values['eligible'], ['yes', 'no']);
        const body = requireChange(
          given({
            weight: numberOf('weight', values['weight']),
            eligible: eligible === undefined ? undefined : eligible === 'yes',
          }),
        );
        const params = { cluster: await client.cluster(values['in']), node };
        return shown(await client.call(ROUTES.updateNode, { params, query: undefined, body }));
      },
    },
    delete: {
      args: ['NODE'],
      options: { in: IN },
      summary: 'forget a node that owns nothing',
      async run({ client, args: [node = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), node };
        await client.call(ROUTES.deleteNode, { params, query: undefined, body: undefined });
        return done(`${node} is forgotten`);
      },
    },
  },
};
