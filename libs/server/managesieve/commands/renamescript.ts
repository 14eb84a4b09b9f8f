import type { ManageSieveCommand } from '../command.ts';

export const renamescript: ManageSieveCommand = {
  name: 'RENAMESCRIPT',
  rfc: 'RFC 5804 §2.11.1',
  arguments: ['string', 'string'],
  async run({ scripts, context, accountId }, args) {
    await scripts.rename(context, accountId, args.text(0), args.text(1));
    return { text: 'Script renamed' };
  },
};
