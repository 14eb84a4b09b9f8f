import type { ManageSieveCommand } from '../command.ts';
import { warningOf } from '../warning.ts';

export const getscript: ManageSieveCommand = {
  name: 'GETSCRIPT',
  rfc: 'RFC 5804 §2.9',
  arguments: ['string'],
  async run(session, args) {
    const { scripts, context, accountId } = session;
    const script = await scripts.get(context, accountId, args.text(0));
    // A literal whatever it holds: its bytes are the owner's, to the last.
    session.write(`{${script.content.length}}\r\n${script.content.toString()}\r\n`);
    return warningOf([script]) ?? { text: 'Script told' };
  },
};
