import { MaildropLocks, Pop3Session } from '#server/pop3';
import { systemClock, systemContext } from '#stdx';
import { Pop3TestClient } from '#testing';
import { dialoguesOverStores } from '../dialogue/over-stores.ts';

const MESSAGES = [1, 2, 3].map((n) => `Subject: ${n}\r\n\r\n${'line\r\n'.repeat(n)}`);
const context = systemContext('dialogue');

dialoguesOverStores({
  name: 'POP3',
  folder: 'pop3',
  quotaBytes: 100_000,
  async prepare(store, account) {
    await store.ensureAccount(context, account);
    const { accountId } = account;
    const { id: mailboxId } = await store.mailbox(context, accountId, 'INBOX');
    for (const text of MESSAGES) {
      const message = await store.stage(Buffer.from(text));
      await store.append(context, { accountId, mailboxId }, [{ message, keywords: [], internalDate: 0 }]);
      message.discard();
    }
    return new MaildropLocks(systemClock);
  },
  begin(store, account, locks, connection, logger) {
    void new Pop3Session({ store, locks, context, account, clock: systemClock, logger, connection }).run();
  },
  client: (near) => new Pop3TestClient(near),
});
