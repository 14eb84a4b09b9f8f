import { HOST, type Layout } from './layout.ts';
import type { Secrets } from './secrets.ts';

/** The short table that ends a start: addresses, then sign-ins. */
export function readyTable(layout: Layout, secrets: Secrets): string {
  const rows = layout.hubs.map(({ name, ports }) => [
    name,
    `SMTP ${ports.smtp}`,
    `submission ${ports.submission}/${ports.submissions}`,
    `IMAP ${ports.imap}/${ports.imaps}`,
    `POP3 ${ports.pop3}/${ports.pop3s}`,
    `ManageSieve ${ports.managesieve}`,
    `http://${HOST}:${ports.http}/`,
  ]);
  const signIns: string[][] = [
    ['operator', secrets.operator.email, secrets.operator.password, secrets.operator.apiKey ?? ''],
  ];
  if (secrets.demo) {
    signIns.push(['partner', secrets.demo.partner, '', secrets.demo.apiKey]);
    for (const user of secrets.demo.users) signIns.push(['user', user.email, user.password, '']);
  }
  return `\n${align([[`on ${HOST}`, '', '', '', '', '', ''], ...rows])}\n${align([['', 'name', 'password', 'API key'], ...signIns])}\nscripts read ${layout.clusterFile}\n`;
}

function align(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `  ${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
