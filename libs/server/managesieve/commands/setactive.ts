import type { ManageSieveCommand } from '../command.ts';

export const setactive: ManageSieveCommand = {
  name: 'SETACTIVE',
  rfc: 'RFC 5804 §2.8',
  arguments: ['string'],
  async run({ scripts, context, accountId }, args) {
    const name = args.text(0);
    await scripts.activate(context, accountId, name === '' ? null : name);
    return { text: name === '' ? 'No script is active' : 'Script is active' };
  },
};
