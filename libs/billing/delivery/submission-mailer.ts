import { Readable } from 'node:stream';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { type Mailer, MailRefusedError, MailUncertainError, type OutgoingMail } from '#billing/api';

export interface SubmissionSettings {
  /** `smtp://user:password@host:587`, `smtps://` for TLS from the start; STARTTLS is demanded otherwise. */
  readonly url: string;
  /** The sender, an address of the account. */
  readonly from: string;
  /** Take the server's certificate unseen: for a server of one's own on loopback. */
  readonly trustsAnyCertificate?: boolean;
  /** Whether STARTTLS is demanded on `smtp://`; the password goes nowhere without. Off only where no TLS can be had: in tests. */
  readonly startsTls?: boolean;
}

/** What nodemailer adds to its errors. */
interface SubmissionError extends Error {
  readonly command?: string;
  readonly responseCode?: number;
}

/** Through a submission port with an account, like anybody's mail program. */
export class SubmissionMailer implements Mailer {
  private readonly domain: string;

  constructor(private readonly settings: SubmissionSettings) {
    this.domain = settings.from.slice(settings.from.lastIndexOf('@') + 1);
  }

  async send(mail: OutgoingMail): Promise<void> {
    const bytes = await this.compose(mail);
    const connection = new SMTPConnection(connectionOptions(this.settings));
    const broken = new Promise<never>((_, reject) => {
      connection.once('error', reject);
      connection.once('end', () => reject(new Error('the line was closed')));
    });
    broken.catch(() => {});
    const step = (begin: (done: (error?: Error | null) => void) => void): Promise<void> =>
      Promise.race([
        broken,
        new Promise<void>((resolve, reject) => begin((error) => (error ? reject(error) : resolve()))),
      ]);
    let isGiven = false;
    // Read once the server has asked for it: from then on a silence says nothing.
    const content = Readable.from(
      (function* () {
        isGiven = true;
        yield bytes;
      })(),
    );
    const { username, password } = new URL(this.settings.url);
    try {
      await step((done) => connection.connect(done));
      await step((done) =>
        connection.login(
          { credentials: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } },
          done,
        ),
      );
      await step((done) => connection.send({ from: this.settings.from, to: [mail.to] }, content, done));
      connection.quit();
    } catch (error) {
      connection.close();
      throw meaningOf(error as SubmissionError, isGiven);
    }
  }

  private compose(mail: OutgoingMail): Promise<Buffer> {
    const composer = new MailComposer({
      from: this.settings.from,
      to: mail.to,
      subject: mail.subject,
      text: mail.text,
      messageId: `<${mail.name}@${this.domain}>`,
      // RFC 3834 §5: nobody's vacation answers it.
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: mail.attachments.map(({ name, mediaType, bytes }) => ({
        filename: name,
        contentType: mediaType,
        content: bytes,
      })),
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    return composer.compile().build();
  }
}

function connectionOptions({ url, trustsAnyCertificate, startsTls }: SubmissionSettings): SMTPConnection.Options {
  const { hostname, port, protocol } = new URL(url);
  const secure = protocol === 'smtps:';
  return {
    host: hostname,
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTLS: !secure && startsTls !== false,
    ignoreTLS: startsTls === false,
    tls: { rejectUnauthorized: trustsAnyCertificate !== true },
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    // RFC 5321 §4.5.3.2.6: ten minutes for the answer to a message.
    socketTimeout: 600_000,
  };
}

/** A 5xx is for ever (RFC 5321 §4.2.1), except about signing in, which an operator mends. */
function meaningOf(error: SubmissionError, isGiven: boolean): Error {
  const { responseCode, command = '', message } = error;
  if (responseCode === undefined) return isGiven ? new MailUncertainError(message) : error;
  return responseCode >= 500 && !command.startsWith('AUTH') ? new MailRefusedError(message) : error;
}
