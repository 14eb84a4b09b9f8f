import { okLine, parseTop } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';
import { sendMessage } from '../send-message.ts';

/** A message's header and the first lines of its body. */
export const top: Pop3Command<{ readonly number: number; readonly lines: number }> = {
  name: 'TOP',
  rfc: 'RFC 1939 §7',
  parse: parseTop,
  async run(session, { number, lines }) {
    await sendMessage(session, session.maildrop.message(number), okLine('The top of it'), lines);
  },
};
