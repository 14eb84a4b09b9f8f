import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#embedded';
import { until } from '#testing';
import { answers, dovecotBase, makeMailUser } from '../peers.ts';

/** Dovecot's imapd on a loopback port of its own; any user, password `pass`. */
export interface DovecotImap extends AsyncDisposable {
  readonly port: number;
  /** Begins again on the same mail, from now on with durable writes. */
  restartDurable(): Promise<void>;
}

/** What is missing to run it, or nothing. */
export function missingDovecot(): string | undefined {
  if (process.getuid?.() !== 0) return 'Dovecot can only be started by root';
  const missing = ['/usr/sbin/dovecot', '/usr/lib/dovecot/imap'].filter((file) => !existsSync(file));
  return missing.length > 0 ? `${missing.join(', ')} (Debian: apt install dovecot-imapd)` : undefined;
}

/** While it is filled it syncs nothing: that is not what is measured. `keptIn`: a directory whose mail stays for the next time. */
export async function startDovecotImap(keptIn?: string): Promise<DovecotImap> {
  const directory = keptIn ?? mkdtempSync(join(tmpdir(), 'rookery-imapd-'));
  for (const part of ['run', 'mail', 'state']) mkdirSync(join(directory, part), { recursive: true });
  chmodSync(directory, 0o755);
  makeMailUser(join(directory, 'mail'));
  const port = await freePort();
  let running = await start(directory, port, 'never');
  return {
    port,
    async restartDurable() {
      await stop(running);
      running = await start(directory, port, 'optimized');
    },
    async [Symbol.asyncDispose]() {
      await stop(running);
      if (keptIn === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function start(directory: string, port: number, fsync: 'never' | 'optimized'): Promise<ChildProcess> {
  const config = join(directory, 'dovecot.conf');
  writeFileSync(config, `${settings(directory, port)}mail_fsync=${fsync}\n`);
  const dovecot = spawn('dovecot', ['-F', '-c', config], { stdio: 'ignore', detached: true });
  await until(`Dovecot on port ${port}`, () => answers(port), 20_000);
  return dovecot;
}

async function stop(dovecot: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => dovecot.once('exit', resolve));
  dovecot.kill('SIGTERM');
  await exited;
}

const settings = (directory: string, port: number): string => `${dovecotBase(directory, 'imap')}
disable_plaintext_auth=no
service imap-login {
  inet_listener imap {
    port=${port}
  }
  inet_listener imaps {
    port=0
  }
  process_min_avail=2
}
service imap {
  process_min_avail=2
}
`;
