import { type Move, ROUTES } from '#api-schema';
import type { Client } from '../client.ts';
import type { Invocation, Noun, Output } from '../command.ts';
import { bytes, fields, table } from '../table.ts';
import { given, IN, LIMIT, limitOf, waiting } from './values.ts';

/** A page of moves is what a screen takes. */
const SHOWN = 50;
const OVER: ReadonlySet<string> = new Set(['forgetting', 'done', 'cancelled', 'failed']);

const progress = ({ bytesCopied, bytesTotal }: Move): string =>
  bytesTotal === null ? '-' : `${bytes(bytesCopied)} of ${bytes(bytesTotal)}`;

export const shownMove = (move: Move): Output => ({
  json: move,
  text: fields({ ...move, bytesTotal: bytes(move.bytesTotal), bytesCopied: bytes(move.bytesCopied) }),
});

/** With `--wait`: until the account lives where it goes, or never will. */
export async function awaited(move: Move, cluster: string, client: Client, invocation: Invocation): Promise<Move> {
  let now = move;
  await waiting(invocation, async () => {
    const params = { cluster, move: move.id };
    now = await client.call(ROUTES.showMove, { params, query: undefined, body: undefined });
    if (OVER.has(now.state)) return undefined;
    const line = `${now.account}: ${now.state}, ${progress(now)}${now.trouble === null ? '' : ` (${now.trouble})`}`;
    const { bytesCopied: done, bytesTotal: total } = now;
    const what = `${now.account}: ${now.state}`;
    return total === null ? line : { line, step: { what, done, total, unit: 'bytes' } };
  });
  return now;
}

export const move: Noun = {
  summary: 'accounts on their way between volumes (account move begins one)',
  verbs: {
    list: {
      args: [],
      options: { in: IN, limit: LIMIT, account: { type: 'value', value: 'USER@DOMAIN', summary: 'of this account' } },
      summary: 'the last ones, newest first',
      async run(invocation) {
        const { client, values } = invocation;
        const params = { cluster: await client.cluster(values['in']) };
        const query = given({ limit: limitOf(invocation) ?? SHOWN, account: values['account'] });
        const { items } = await client.call(ROUTES.listMoves, { params, query, body: undefined });
        const rows = items.map((each) => [
          each.id,
          each.account,
          `${each.from} → ${each.to}`,
          each.state,
          progress(each),
          each.heldMs === null ? null : `${Math.round(each.heldMs)} ms`,
          each.trouble,
        ]);
        return { json: items, text: table(['MOVE', 'ACCOUNT', 'WAY', 'STATE', 'COPIED', 'HELD', 'TROUBLE'], rows) };
      },
    },
    show: {
      args: ['MOVE'],
      options: { in: IN, wait: { type: 'flag', summary: 'until it is over, saying how far it is' } },
      summary: 'one move',
      async run(invocation) {
        const { client, args, values } = invocation;
        const cluster = await client.cluster(values['in']);
        const params = { cluster, move: args[0] ?? '' };
        const found = await client.call(ROUTES.showMove, { params, query: undefined, body: undefined });
        return shownMove(await awaited(found, cluster, client, invocation));
      },
    },
    cancel: {
      args: ['MOVE'],
      options: { in: IN },
      summary: 'leave the account where it is',
      async run({ client, args: [move = ''], values }) {
        const params = { cluster: await client.cluster(values['in']), move };
        return shownMove(await client.call(ROUTES.cancelMove, { params, query: undefined, body: undefined }));
      },
    },
  },
};
