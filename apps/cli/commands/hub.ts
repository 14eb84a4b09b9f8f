import { type Hub, ROUTES } from '#api-schema';
import type { Noun } from '../command.ts';
import { RefusedError } from '../failure.ts';
import { fields, table } from '../table.ts';
import { releaseFields } from './member.ts';
import { done, IN } from './values.ts';

export const hubTable = (hubs: readonly Hub[]): string =>
  table(
    ['HUB', 'STATE', 'LEADS', 'SESSIONS', 'VERSION', 'LAST SEEN'],
    hubs.map((hub) => [hub.name, hub.state, hub.leader ? 'yes' : '', hub.sessions, hub.version, hub.lastSeenAt]),
  );

export const hub: Noun = {
  summary: 'front-door processes',
  verbs: {
    list: {
      args: [],
      options: { in: IN },
      summary: 'all hubs',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const { items } = await client.call(ROUTES.listHubs, { params, query: undefined, body: undefined });
        return { json: items, text: hubTable(items) };
      },
    },
    show: {
      args: ['HUB'],
      options: { in: IN },
      summary: 'one hub',
      async run({ client, args: [idOrName], values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const { items } = await client.call(ROUTES.listHubs, { params, query: undefined, body: undefined });
        const found = items.find(({ id, name }) => id === idOrName || name === idOrName);
        if (!found) throw new RefusedError(`There is no hub ${idOrName}.`, { code: 'hub_not_found' });
        return {
          json: found,
          text: fields({ ...found, ...releaseFields(found), relay: `${found.relay.host}:${found.relay.port}` }),
        };
      },
    },
    delete: {
      args: ['HUB'],
      options: { in: IN },
      summary: 'take it out; its certificate counts no more, and it stops',
      async run({ client, args: [hub = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), hub };
        await client.call(ROUTES.deleteHub, { params, query: undefined, body: undefined });
        return done(`${hub} is no member any more`);
      },
    },
  },
};
