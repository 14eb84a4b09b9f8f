import { type Account, ROUTES } from '#api-schema';
import type { Noun, Output } from '../command.ts';
import { UsageError } from '../failure.ts';
import { bytes, fields, table } from '../table.ts';
import { listDeleted, undelete } from './account-deleted.ts';
import { awaited, shownMove } from './move.ts';
import { done, given, IN, LIMIT, limitOf, PARTNER, quotaOf, requireChange, wordOf } from './values.ts';

const STATES = ['active', 'suspended', 'receiveBlocked'] as const;
const QUOTA = { type: 'value', value: 'SIZE', summary: '2GB, 512MiB, bytes; none for no limit' } as const;
const NAME = { type: 'value', value: 'NAME', summary: 'of the person' } as const;
const PASSWORD = { type: 'flag', summary: 'read the password from standard input' } as const;

const shown = (account: Account): Output => ({
  json: account,
  text: fields({
    ...account,
    quotaBytes: account.quotaBytes === 0 ? 'none' : bytes(account.quotaBytes),
    usedBytes: bytes(account.usedBytes),
  }),
});

export const account: Noun = {
  summary: 'logins and their mail',
  verbs: {
    list: {
      args: [],
      options: {
        domain: { type: 'value', value: 'DOMAIN', summary: 'of this domain' },
        partner: PARTNER,
        limit: LIMIT,
      },
      summary: 'all accounts',
      async run(invocation) {
        const { domain, partner } = invocation.values;
        const items = await invocation.client.all('listAccounts', given({ domain, partner }), limitOf(invocation));
        const rows = items.map((each) => [
          each.email,
          each.displayName,
          each.state,
          bytes(each.usedBytes),
          each.quotaBytes === 0 ? 'none' : bytes(each.quotaBytes),
          each.volume,
        ]);
        return { json: items, text: table(['ACCOUNT', 'NAME', 'STATE', 'USED', 'QUOTA', 'VOLUME'], rows) };
      },
    },
    show: {
      args: ['USER@DOMAIN'],
      summary: 'one account',
      async run({ client, args: [account = ''] }) {
        return shown(await client.call(ROUTES.showAccount, { params: { account }, query: undefined, body: undefined }));
      },
    },
    create: {
      args: ['USER@DOMAIN'],
      options: {
        'password-stdin': PASSWORD,
        name: NAME,
        quota: QUOTA,
        volume: { type: 'value', value: 'ID', summary: 'its home (the one with the most room)' },
      },
      summary: 'make an account',
      async run(invocation) {
        const { client, args, values, flags } = invocation;
        if (!flags.has('password-stdin'))
          throw new UsageError('Give the password on standard input, with --password-stdin.');
        const body = {
          email: args[0] ?? '',
          password: await invocation.readPassword(),
          ...given({ displayName: values['name'], quotaBytes: quotaOf(invocation), volume: values['volume'] }),
        };
        return shown(await client.call(ROUTES.createAccount, { params: {}, query: undefined, body }));
      },
    },
    update: {
      args: ['USER@DOMAIN'],
      options: {
        'password-stdin': PASSWORD,
        name: NAME,
        quota: QUOTA,
        state: { type: 'value', value: 'STATE', summary: STATES.join(', ') },
      },
      summary: 'change an account',
      async run(invocation) {
        const { client, args, values, flags } = invocation;
        const body = requireChange(
          given({
            displayName: values['name'],
            quotaBytes: quotaOf(invocation),
            state: wordOf('state', values['state'], STATES),
            password: flags.has('password-stdin') ? await invocation.readPassword() : undefined,
          }),
        );
        const params = { account: args[0] ?? '' };
        const { version } = await client.call(ROUTES.showAccount, { params, query: undefined, body: undefined });
        return shown(await client.call(ROUTES.updateAccount, { params, query: undefined, body }, version));
      },
    },
    move: {
      args: ['USER@DOMAIN'],
      options: {
        in: IN,
        to: { type: 'value', value: 'VOLUME', required: true, summary: 'id or name' },
        wait: { type: 'flag', summary: 'until it lives there, saying how far it is' },
      },
      summary: 'have it moved to another volume, in use as it is',
      async run(invocation) {
        const { client, args, values } = invocation;
        const body = { account: args[0] ?? '', to: values['to'] ?? '' };
        const begun = await client.call(ROUTES.createMove, { params: {}, query: undefined, body });
        const cluster = await client.cluster(values['in']);
        return shownMove(await awaited(begun, cluster, client, invocation));
      },
    },
    delete: {
      args: ['USER@DOMAIN'],
      summary: 'delete an account',
      async run({ client, args: [account = ''] }) {
        await client.call(ROUTES.deleteAccount, { params: { account }, query: undefined, body: undefined });
        return done(`${account} is deleted`);
      },
    },
    deleted: listDeleted,
    undelete,
  },
};
