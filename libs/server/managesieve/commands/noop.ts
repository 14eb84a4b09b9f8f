import type { ManageSieveCommand } from '../command.ts';

export const noop: ManageSieveCommand = {
  name: 'NOOP',
  rfc: 'RFC 5804 §2.13',
  arguments: ['string'],
  optional: 1,
  run: (_session, args) => ({ text: 'Done', ...(args.count > 0 ? { code: { tag: args.text(0) } } : {}) }),
};
