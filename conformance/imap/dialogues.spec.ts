import { ImapSession } from '#server/imap';
import { systemClock, systemContext } from '#stdx';
import { ImapTestClient } from '#testing';
import { dialoguesOverStores } from '../dialogue/over-stores.ts';

dialoguesOverStores({
  name: 'IMAP',
  folder: 'imap',
  quotaBytes: 100_000,
  async prepare() {},
  begin(store, account, _, connection, logger) {
    const context = systemContext('dialogue');
    void new ImapSession({
      store,
      context,
      account,
      clock: systemClock,
      logger,
      connection,
      greeting: 'preauth',
    }).run();
  },
  client: (near) => new ImapTestClient(near),
});
