import { languageReply, parseLang } from '#protocol/pop3';
import type { Pop3Command } from '../command.ts';

/** The languages of response texts, or the choice of one. */
export const lang: Pop3Command<string | null> = {
  name: 'LANG',
  rfc: 'RFC 6856 §3',
  parse: parseLang,
  run: ({ out }, tag) => out.raw(languageReply(tag)),
};
