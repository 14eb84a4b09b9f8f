import type { ManageSieveCommand } from '../command.ts';

export const deletescript: ManageSieveCommand = {
  name: 'DELETESCRIPT',
  rfc: 'RFC 5804 §2.10',
  arguments: ['string'],
  async run({ scripts, context, accountId }, args) {
    await scripts.delete(context, accountId, args.text(0));
    return { text: 'Script deleted' };
  },
};
