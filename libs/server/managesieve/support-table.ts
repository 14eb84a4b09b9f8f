import { SIEVE_EXTENSIONS, SIEVE_VOCABULARY } from '#protocol/sieve';
import { COMMANDS } from './commands/index.ts';

/** docs/sieve.md, made of the extension, command and test tables. A spec keeps the file equal to it. */
export function supportTable(): string {
  const rows = (words: readonly { readonly name: string; readonly rfc: string; readonly requires: string }[]) =>
    words.map(({ name, rfc, requires }) => `| ${name} | ${requires} | ${rfc} |`);
  return [
    '# Sieve support',
    '',
    'Made from the tables in `libs/protocol/sieve` and `libs/server/managesieve`: do not edit. After a change,',
    '`node tools/sieve-support.mjs` writes it anew.',
    '',
    "An account's active script runs once over each message that is delivered to it, at its node; what it stores, sends and",
    'remembers is committed with the message. A script that fails keeps the message, and its owner is told by LISTSCRIPTS and',
    'GETSCRIPT (`WARNINGS`). `redirect` ends circles by a mark of its own and by counting hops.',
    '',
    '## Extensions',
    '',
    'An extension is listed only when all of it works.',
    '',
    '| require | what it is | defined in |',
    '|---|---|---|',
    ...SIEVE_EXTENSIONS.map(({ capability, rfc, title }) => `| ${capability} | ${title} | ${rfc} |`),
    '',
    '## Commands',
    '',
    '| command | needs | defined in |',
    '|---|---|---|',
    ...rows(SIEVE_VOCABULARY.commands),
    '',
    '## Tests',
    '',
    '| test | needs | defined in |',
    '|---|---|---|',
    ...rows(SIEVE_VOCABULARY.tests),
    '',
    '## ManageSieve commands once signed in',
    '',
    'AUTHENTICATE and STARTTLS belong to the hub (`libs/frontdoor/managesieve`).',
    '',
    '| command | defined in |',
    '|---|---|',
    ...[...COMMANDS.values()].map(({ name, rfc }) => `| ${name} | ${rfc} |`),
    '',
  ].join('\n');
}
