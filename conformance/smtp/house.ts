import type { MessageBytes, SmtpBackend, SmtpPath, SmtpPeer, SmtpReply, SmtpTransaction } from '#protocol/smtp';
import { smtpReply } from '#protocol/smtp';
import { collect } from '#stdx';
import { passwordAuthentication } from '#testing';

const OK = smtpReply(250, '2.1.0', 'OK');

/** One message that came in. */
export interface Taken {
  readonly reversePath: string;
  readonly forwardPaths: readonly string[];
  readonly bytes: Buffer;
  readonly peer: SmtpPeer;
}

/** A house whose people are known by name: `nobody` does not live there, `full`'s mailbox is full, `ann` signs in with `secret`. */
export class House implements SmtpBackend {
  readonly taken: Taken[] = [];

  readonly authentication = passwordAuthentication((username, password) =>
    username === 'ann@y.test' && password === 'secret'
      ? { accountId: 'a1', email: username, partnerId: 'p1' }
      : smtpReply(535, '5.7.8', 'Wrong name or password'),
  );

  async mail(): Promise<SmtpReply> {
    return OK;
  }

  async rcpt(_peer: SmtpPeer, _transaction: SmtpTransaction, path: SmtpPath): Promise<SmtpReply> {
    return path.address.startsWith('nobody@') ? smtpReply(550, '5.1.1', 'No such user') : smtpReply(250, '2.1.5', 'OK');
  }

  /** The reply quotes a short message, so that a dialogue can see what was understood. */
  async data(peer: SmtpPeer, transaction: SmtpTransaction, bytes: MessageBytes): Promise<readonly SmtpReply[]> {
    const whole = bytes.whole ?? (await collect(bytes, 1 << 28));
    const forwardPaths = transaction.forwardPaths.map(({ address }) => address);
    this.taken.push({
      reversePath: transaction.reversePath.address,
      forwardPaths,
      bytes: whole,
      peer: { ...peer, transmission: peer.transmission },
    });
    const quoted = whole.length > 60 ? `${whole.length} bytes` : JSON.stringify(whole.toString('latin1'));
    return forwardPaths.map((address) =>
      address.startsWith('full@')
        ? smtpReply(452, '4.2.2', 'Mailbox full')
        : smtpReply(250, '2.0.0', `Taken ${quoted}`),
    );
  }
}
