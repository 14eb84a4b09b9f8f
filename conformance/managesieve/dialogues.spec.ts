import { ManageSieveSession } from '#server/managesieve';
import { systemClock, systemContext } from '#stdx';
import { ImapTestClient } from '#testing';
import { dialoguesOverStores } from '../dialogue/over-stores.ts';

dialoguesOverStores({
  name: 'ManageSieve',
  folder: 'managesieve',
  quotaBytes: 0,
  async prepare() {},
  begin(store, account, _, connection, logger) {
    const shared = { store, context: systemContext('dialogue'), account, connection, clock: systemClock, logger };
    void new ManageSieveSession({ ...shared, greeting: 'signedIn' }).run();
  },
  // Lines alone are used of the client: a literal's lines are told one by one.
  client: (near) => new ImapTestClient(near),
});
