import type { ManageSieveCommand } from '../command.ts';

export const havespace: ManageSieveCommand = {
  name: 'HAVESPACE',
  rfc: 'RFC 5804 §2.5',
  arguments: ['string', 'number'],
  async run({ scripts, context, accountId }, args) {
    await scripts.assertRoom(context, accountId, args.text(0), args.number(1));
    return { text: 'There is room' };
  },
};
