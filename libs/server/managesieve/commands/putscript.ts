import type { ManageSieveCommand } from '../command.ts';
import { assertValid } from '../validity.ts';

export const putscript: ManageSieveCommand = {
  name: 'PUTSCRIPT',
  rfc: 'RFC 5804 §2.6',
  arguments: ['string', 'script'],
  async run({ scripts, context, accountId, limits }, args) {
    const [name, content] = [args.text(0), args.bytes(1)];
    await scripts.assertRoom(context, accountId, name, content.length);
    assertValid(content, limits.sieve);
    await scripts.put(context, accountId, name, content);
    return { text: 'Script stored' };
  },
};
