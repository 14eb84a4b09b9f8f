import { okLine, parseMessageNumber } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';
import { sendMessage } from '../send-message.ts';

/** A message, whole. */
export const retr: Pop3Command<number> = {
  name: 'RETR',
  rfc: 'RFC 1939 §5',
  parse: parseMessageNumber,
  async run(session, number) {
    const message = session.maildrop.message(number);
    await sendMessage(session, message, okLine(`${message.size} octets`), Number.POSITIVE_INFINITY);
  },
};
