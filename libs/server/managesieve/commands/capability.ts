import { formatCapabilities } from '#protocol/managesieve';
import { sieveCapabilities } from '#protocol/sieve';
import type { ManageSieveCommand } from '../command.ts';

export const capability: ManageSieveCommand = {
  name: 'CAPABILITY',
  rfc: 'RFC 5804 §2.4',
  arguments: [],
  run(session) {
    const { redirectsMax } = session.limits.sieve;
    session.write(
      formatCapabilities({
        ...{ sieve: sieveCapabilities(), sasl: [], startTls: false, redirectsMax },
        ...{ unauthenticate: session.behindHub, owner: session.email },
      }),
    );
    return { text: 'Capabilities told' };
  },
};
