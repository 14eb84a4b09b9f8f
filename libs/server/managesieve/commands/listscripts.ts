import { formatString } from '#protocol/managesieve';
import type { ManageSieveCommand } from '../command.ts';
import { warningOf } from '../warning.ts';

export const listscripts: ManageSieveCommand = {
  name: 'LISTSCRIPTS',
  rfc: 'RFC 5804 §2.7',
  arguments: [],
  async run(session) {
    const scripts = await session.scripts.list(session.context, session.accountId);
    for (const { name, isActive } of scripts) session.write(`${formatString(name)}${isActive ? ' ACTIVE' : ''}\r\n`);
    return warningOf(scripts) ?? { text: 'Scripts listed' };
  },
};
