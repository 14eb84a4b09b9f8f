import { ConnectionOutput } from '#connection';

/** What a session says, with IMAP's word for what answers no command. */
export class ImapOutput extends ConnectionOutput {
  /** False in the middle of a response: nothing else may be said then. */
  isWhole = true;

  /** An untagged response, without `* ` and CRLF. */
  untagged(response: string): void {
    this.raw(`* ${response}\r\n`);
  }
}
