import { COMMANDS } from './commands/index.ts';
import { EXTENSIONS } from './extensions.ts';

/** docs/imap.md, made of the command and extension tables. A spec keeps the file equal to it. */
export function supportTable(): string {
  const commands = [...COMMANDS.values()].map(
    ({ name, states, usesSequences, breaksSequences, rfc }) =>
      `| ${name} | ${states.includes('authenticated') ? 'signed in' : 'selected'} | ${yes(usesSequences)} | ${yes(breaksSequences)} | ${rfc} |`,
  );
  const extensions = EXTENSIONS.map(({ capability, rfc, title }) => `| ${capability} | ${title} | ${rfc} |`);
  return [
    '# IMAP support',
    '',
    'Made from the tables in `libs/server/imap`: do not edit. After a change, `node tools/imap-support.mjs` writes it anew.',
    'LOGIN, AUTHENTICATE and STARTTLS belong to the hub (`libs/frontdoor/imap`), which also does what COMPRESS and UNAUTHENTICATE ask.',
    'Before the sign-in it offers AUTH=SCRAM-SHA-256-PLUS (under TLS), SCRAM-SHA-256, OAUTHBEARER, XOAUTH2, PLAIN and LOGIN.',
    '',
    '## Capabilities after login',
    '',
    'A capability is listed only when all of it works.',
    '',
    '| capability | what it is | defined in |',
    '|---|---|---|',
    ...extensions,
    '',
    '## Commands',
    '',
    '"Numbers": arguments may be sequence numbers. "Expunges": EXPUNGE may be told before its OK (RFC 9051 §7.5.1).',
    '',
    '| command | state | numbers | expunges | defined in |',
    '|---|---|---|---|---|',
    ...commands,
    '',
  ].join('\n');
}

const yes = (value: boolean): string => (value ? 'yes' : '');
