import { ROUTES } from '#api-schema';
import type { Command, Noun } from '../command.ts';
import { table } from '../table.ts';
import { done, given, IN, numberOf, PARTNER } from './values.ts';

const act = (action: 'retry' | 'hold' | 'cancel', summary: string, past: string): Command => ({
  args: ['VOLUME', 'ENTRY'],
  options: { in: IN },
  summary,
  async run({ client, args: [volume = '', entry = ''], values }) {
    const params = { cluster: await client.cluster(values['in']), volume, entry };
    await client.call(ROUTES.actOnQueueEntry, { params, query: undefined, body: { action } });
    return done(`${volume} ${entry} ${past}`);
  },
});

export const queue: Noun = {
  summary: 'deliveries still to be made',
  verbs: {
    list: {
      args: [],
      options: {
        in: IN,
        partner: PARTNER,
        limit: { type: 'value', value: 'N', summary: 'of each volume, at most (100)' },
      },
      summary: 'what waits, oldest first',
      async run({ client, values }) {
        const params = { cluster: await client.cluster(values['in']) };
        const query = given({ partner: values['partner'], limit: numberOf('limit', values['limit'], 1) });
        const json = await client.call(ROUTES.showQueue, { params, query, body: undefined });
        const rows = json.entries.map((entry) => [
          entry.volume,
          entry.id,
          entry.state,
          `<${entry.reversePath}>`,
          `<${entry.forwardPath}>`,
          entry.attempts,
          entry.nextAttemptAt,
          entry.lastError,
        ]);
        const text = table(['VOLUME', 'ENTRY', 'STATE', 'FROM', 'TO', 'ATTEMPTS', 'NEXT', 'LAST ANSWER'], rows);
        const silent = json.unanswered.length === 0 ? '' : `\n\nNo answer for: ${json.unanswered.join(', ')}`;
        return { json, text: text + silent };
      },
    },
    retry: act('retry', 'try a delivery now', 'is tried now'),
    hold: act('hold', 'keep a delivery back', 'is held'),
    cancel: act('cancel', 'drop a delivery without a bounce', 'is dropped'),
  },
};
