import { ROUTES } from '#api-schema';
import type { Invocation, Noun, Option, Output } from '../command.ts';
import { RefusedError, UsageError } from '../failure.ts';
import { ImapConnection, ImapRefusal } from '../mail/imap-connection.ts';
import { ImapStore } from '../mail/imap-store.ts';
import { type MailSink, type MailSource, transfer } from '../mail/mail-file.ts';
import { MaildirSink, MaildirSource } from '../mail/maildir.ts';
import { MboxSink, MboxSource } from '../mail/mbox.ts';
import type { Progress } from '../progress.ts';
import { bytes } from '../table.ts';

const TOKEN_LIFETIME_SECONDS = 24 * 3_600;
const IMAPS_PORT = 993;

const HUB: Option = { type: 'value', value: 'HOST:PORT', required: true, summary: 'a hub’s IMAP over TLS' };
const INSECURE: Option = { type: 'flag', summary: 'take a certificate nobody vouches for' };
const hub = { hub: HUB, insecure: INSECURE };

function addressOf(text: string, insecure: boolean) {
  const match = /^(.+?)(?::(\d{1,5}))?$/.exec(text);
  if (!match?.[1]) throw new UsageError(`Not HOST:PORT: ${text}`);
  return { host: match[1], port: Number(match[2] ?? IMAPS_PORT), insecure };
}

/** Opens the account at a hub with a token of a day, and takes the token back afterwards. RFC 7628 §3.1. */
async function withAccount<T>(invocation: Invocation, use: (store: ImapStore) => Promise<T>): Promise<T> {
  const { client, args, values, flags } = invocation;
  const account = args[0] ?? '';
  const body = { name: 'rookery import and export', lifetimeSeconds: TOKEN_LIFETIME_SECONDS };
  const token = await client.call(ROUTES.createAccountToken, { params: { account }, query: undefined, body });
  try {
    const address = addressOf(values['hub'] ?? '', flags.has('insecure'));
    const connection = await ImapConnection.open(address);
    try {
      const { email } = await client.call(ROUTES.showAccount, {
        params: { account },
        query: undefined,
        body: undefined,
      });
      const message = `n,a=${email},\x01host=${address.host}\x01port=${address.port}\x01auth=Bearer ${token.secret}\x01\x01`;
      await connection.command(`AUTHENTICATE OAUTHBEARER ${Buffer.from(message).toString('base64')}`);
      return await use(new ImapStore(connection));
    } finally {
      await connection.close();
    }
  } catch (error) {
    if (error instanceof ImapRefusal) throw new RefusedError(`The hub refused: ${error.message}`, error.message);
    throw error;
  } finally {
    const params = { account, token: token.id };
    await client.call(ROUTES.deleteAccountToken, { params, query: undefined, body: undefined });
  }
}

async function copied(source: MailSource, sink: MailSink, progress: Progress): Promise<Output> {
  const json = await transfer(source, sink, progress);
  const present = json.present === 0 ? '' : `; ${json.present} were there`;
  return { json, text: `${json.copied} messages (${bytes(json.bytes)}) in ${json.mailboxes} mailboxes${present}` };
}

const into = (invocation: Invocation, source: MailSource): Promise<Output> =>
  withAccount(invocation, (store) => copied(source, store, invocation.progress));

const outTo = (invocation: Invocation, sink: MailSink): Promise<Output> =>
  withAccount(invocation, (store) => copied(store, sink, invocation.progress));

export const importMail: Noun = {
  summary: 'mail from elsewhere into an account; again after a break, what is there is left out',
  verbs: {
    mbox: {
      args: ['USER@DOMAIN', 'PATH'],
      options: { ...hub, mailbox: { type: 'value', value: 'NAME', summary: 'that a single file is (INBOX)' } },
      summary: 'an mbox file, or a directory of NAME.mbox',
      run: (invocation) =>
        into(invocation, new MboxSource(invocation.args[1] ?? '', invocation.values['mailbox'] ?? 'INBOX')),
    },
    maildir: {
      args: ['USER@DOMAIN', 'PATH'],
      options: hub,
      summary: 'a Maildir with its mailboxes',
      run: (invocation) => into(invocation, new MaildirSource(invocation.args[1] ?? '')),
    },
    imap: {
      args: ['USER@DOMAIN', 'HOST[:PORT]'],
      options: {
        ...hub,
        user: { type: 'value', value: 'NAME', required: true, summary: 'at the other server' },
        'password-stdin': { type: 'flag', summary: 'read the password there from standard input' },
      },
      summary: 'all mailboxes of an account at another server, over TLS',
      async run(invocation) {
        const { args, values, flags } = invocation;
        if (!flags.has('password-stdin'))
          throw new UsageError('Give the password of the other server on standard input, with --password-stdin.');
        const password = await invocation.readPassword();
        const other = await ImapConnection.open(addressOf(args[1] ?? '', flags.has('insecure')));
        try {
          const [user, secret] = [values['user'] ?? '', password].map((text) => Buffer.from(text)) as [Buffer, Buffer];
          await other.command('LOGIN ', [user, ' '], [secret, '']).catch((error: unknown) => {
            if (error instanceof ImapRefusal) throw new RefusedError(`The other server refused: ${error.message}`, {});
            throw error;
          });
          return await into(invocation, new ImapStore(other));
        } finally {
          await other.close();
        }
      },
    },
  },
};

export const exportMail: Noun = {
  summary: 'an account’s mail to files',
  verbs: {
    mbox: {
      args: ['USER@DOMAIN', 'DIR'],
      options: hub,
      summary: 'a directory of NAME.mbox',
      run: (invocation) => outTo(invocation, new MboxSink(invocation.args[1] ?? '')),
    },
    maildir: {
      args: ['USER@DOMAIN', 'DIR'],
      options: hub,
      summary: 'a tree of Maildirs',
      run: (invocation) => outTo(invocation, new MaildirSink(invocation.args[1] ?? '')),
    },
  },
};
