import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type Doings, OWNER, RECIPIENT, SENDER } from './ours.ts';

const SIEVE_TEST = '/usr/bin/sieve-test';

/** A reason to skip, or `false`. */
export const withoutPigeonhole: string | false = existsSync(SIEVE_TEST)
  ? false
  : 'sieve-test (dovecot-sieve) is not installed';

/** Dovecot's Pigeonhole in a folder of its own. As root it must be told who else to be. */
export class Pigeonhole {
  private readonly settings: string;

  constructor(private readonly folder: string) {
    chmodSync(folder, 0o777);
    this.settings = join(folder, 'dovecot.conf');
    const root = userInfo().uid === 0 ? 'mail_uid = nobody\nmail_gid = nogroup\n' : '';
    writeFileSync(
      this.settings,
      `${root}first_valid_uid = 1
mail_location = maildir:${folder}/mail
postmaster_address = postmaster@rookery.example
recipient_delimiter = +
ssl = no
plugin {
  sieve_extensions = +editheader +spamtest +spamtestplus +virustest +vacation-seconds +special-use
  sieve_max_actions = 0
  sieve_max_redirects = 4
  sieve_user_email = ${OWNER}
}
`,
    );
  }

  /** Runs a script there. `null` when it does not compile. */
  run(source: string, message: Buffer): Doings | null {
    const [script, mail] = [join(this.folder, 'script.sieve'), join(this.folder, 'message.eml')];
    writeFileSync(script, source);
    writeFileSync(mail, message);
    const { stdout, stderr, status } = spawnSync(
      SIEVE_TEST,
      ['-C', '-c', this.settings, '-f', SENDER, '-r', OWNER, '-a', RECIPIENT, script, mail],
      { encoding: 'utf8', env: { ...process.env, HOME: this.folder, TZ: 'UTC' } },
    );
    if (/failed to compile|Failed to compile|validation failed|parse failed/.test(stderr)) return null;
    if (status !== 0 || /final result: (?!success)/.test(stderr)) return [`error ${stderr.trim().slice(0, 300)}`];
    return doingsOf(stdout);
  }
}

function doingsOf(output: string): Doings {
  const doings: string[] = [];
  for (const line of output.split('\n')) {
    const stored = /^ \* store message in folder: (.*)$/.exec(line);
    const flags = /^\s+\+ (?:add|set) IMAP flags: (.*)$/.exec(line);
    const redirected = /^ \* redirect message to: <(.*)>$/.exec(line);
    const seconds = /^\s+=> seconds : (\d+)$/.exec(line);
    if (stored) doings.push(`store ${stored[1]}`);
    else if (flags) doings.push(`${doings.pop()} [${flags[1]!.toLowerCase().split(' ').sort().join(' ')}]`);
    else if (redirected) doings.push(`redirect ${redirected[1]}`);
    else if (seconds) doings.push(`vacation ${seconds[1]}`);
    else if (/^ \* reject message/.test(line)) doings.push('reject');
    else if (/^ \* send notification/.test(line)) doings.push('notify');
  }
  return doings.sort();
}
