import { ConnectionOutput } from '#connection';

/** What a session says, with IMAP's word for what answers no command. */
export class ImapOutput extends ConnectionOutput {
  /** An untagged response, without `* ` and CRLF. */
  untagged(response: string): void {
    this.raw(`* ${response}\r\n`);
  }
}
