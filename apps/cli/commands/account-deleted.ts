import { ROUTES } from '#api-schema';
import type { Command, Option } from '../command.ts';
import { UsageError } from '../failure.ts';
import { bytes, table } from '../table.ts';
import { given, LIMIT, limitOf } from './values.ts';

const SINCE: Option = { type: 'value', value: 'WHEN', summary: 'deleted since: 90m, 12h, 3d, or 2026-05-01T08:00Z' };
const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `3d`: three days ago. */
function sinceOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const [, count, unit] = /^(\d{1,5})([mhd])$/.exec(text) ?? [];
  const at = count ? Date.now() - Number(count) * UNITS[unit as keyof typeof UNITS] : Date.parse(text);
  if (Number.isNaN(at)) throw new UsageError(`--since: neither an age nor a time: ${text}`);
  return new Date(at).toISOString();
}

export const listDeleted: Command = {
  args: ['USER@DOMAIN'],
  options: { since: SINCE, limit: LIMIT },
  summary: 'messages deleted lately that can be restored',
  async run(invocation) {
    const { client, args, values } = invocation;
    const query = given({ since: sinceOf(values['since']) });
    const items = await client.all('listDeletedMessages', query, limitOf(invocation), { account: args[0] ?? '' });
    const rows = items.map((each) => [
      ...[each.id, each.deletedAt, each.mailbox, each.from.join(', '), each.subject, bytes(each.sizeBytes)],
    ]);
    return { json: items, text: table(['MESSAGE', 'DELETED', 'MAILBOX', 'FROM', 'SUBJECT', 'SIZE'], rows) };
  },
};

export const undelete: Command = {
  args: ['USER@DOMAIN'],
  options: {
    since: SINCE,
    message: { type: 'value', value: 'ID,…', summary: 'only these, as `account deleted` shows them' },
  },
  summary: 'put deleted messages back where they were',
  async run({ client, args: [account = ''], values }) {
    const messages = values['message']?.split(',').map((id) => id.trim());
    if (messages && values['since'] !== undefined) throw new UsageError('Give --message or --since, not both.');
    const body = given({ messages, since: sinceOf(values['since']) });
    const json = await client.call(ROUTES.restoreDeletedMessages, { params: { account }, query: undefined, body });
    return { json, text: `${json.restored} messages are back` };
  },
};
