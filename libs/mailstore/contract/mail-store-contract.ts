import { describe } from 'node:test';
import { accountsContract } from './accounts.ts';
import { annotationsContract } from './annotations.ts';
import { bytesContract } from './bytes.ts';
import { changesContract } from './changes.ts';
import { concurrencyContract } from './concurrency.ts';
import { deletedContract } from './deleted.ts';
import { deliveryContract } from './delivery.ts';
import type { OpenStore } from './harness.ts';
import { listingContract } from './listing.ts';
import { mailboxesContract } from './mailboxes.ts';
import { messagesContract } from './messages.ts';
import { queueContract } from './queue.ts';
import { replaceContract } from './replace.ts';
import { scriptsContract } from './scripts.ts';
import { searchContract } from './search.ts';
import { sharingContract } from './sharing.ts';
import { transferContract } from './transfer.ts';

/** Registers the port's whole suite for one engine. `open` makes a fresh, empty store with the given clock and limits. */
export function mailStoreContract(name: string, open: OpenStore): void {
  describe(`MailStore: ${name}`, () => {
    accountsContract(open);
    bytesContract(open);
    deliveryContract(open);
    mailboxesContract(open);
    messagesContract(open);
    listingContract(open);
    replaceContract(open);
    searchContract(open);
    changesContract(open);
    queueContract(open);
    scriptsContract(open);
    deletedContract(open);
    annotationsContract(open);
    sharingContract(open);
    transferContract(open);
    concurrencyContract(open);
  });
}
