import { type ClusterStatus, type Hub, type Node, ROUTES } from '#api-schema';
import { spanText } from '#stdx';
import type { Noun } from '../command.ts';
import { table } from '../table.ts';
import { IN } from './values.ts';

/** What a member says it is, for people. */
export const releaseFields = ({ protocol, features }: Hub | Node) => ({
  protocol: spanText(protocol),
  features: spanText(features),
});

const rowOf = (role: 'hub' | 'node', member: Hub | Node): string[] => [
  member.name,
  role,
  member.state,
  member.version || '-',
  spanText(member.protocol),
  spanText(member.features),
];

const memberText = ({ cluster, hubs, nodes }: ClusterStatus): string => {
  const rows = [...hubs.map((hub) => rowOf('hub', hub)), ...nodes.map((node) => rowOf('node', node))];
  const raise = cluster.featureRaise === 'auto' ? 'rises by itself' : 'raised by hand';
  return [
    table(['MEMBER', 'ROLE', 'STATE', 'VERSION', 'PROTOCOL', 'FEATURES'], rows),
    `Feature level ${cluster.featureLevel}, ${raise}`,
  ].join('\n\n');
};

export const member: Noun = {
  summary: 'hubs and nodes, and the releases they are',
  verbs: {
    list: {
      args: [],
      options: { in: IN },
      summary: 'all members, with version, protocols and feature levels',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const status = await client.call(ROUTES.showClusterStatus, { params, query: undefined, body: undefined });
        const { cluster, hubs, nodes } = status;
        const { featureLevel, featureRaise } = cluster;
        return { json: { featureLevel, featureRaise, hubs, nodes }, text: memberText(status) };
      },
    },
  },
};
