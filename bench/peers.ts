import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#embedded';
import { until } from '#testing';

const USER = 'vmail';

/** Dovecot's LMTP, and Postfix in front of it, on loopback ports of their own. */
export interface Peers extends AsyncDisposable {
  readonly lmtpPort: number;
  readonly smtpPort: number;
  /** Messages Dovecot has written so far. */
  delivered(): number;
}

/** What is missing to run them, or nothing. */
export function missingPeers(): string | undefined {
  if (process.getuid?.() !== 0) return 'Dovecot and Postfix can only be started by root';
  const missing = ['/usr/sbin/dovecot', '/usr/lib/dovecot/lmtp', '/usr/sbin/postfix'].filter(
    (file) => !existsSync(file),
  );
  return missing.length > 0
    ? `${missing.join(', ')} (Debian: apt install dovecot-core dovecot-lmtpd postfix)`
    : undefined;
}

/** One durable file a message (sdbox), which was Dovecot's fastest here; Postfix without look-ups or delays of its own. */
export async function startPeers(): Promise<Peers> {
  const directory = mkdtempSync(join(tmpdir(), 'rookery-peers-'));
  chmodSync(directory, 0o755);
  const [lmtpPort, smtpPort] = [await freePort(), await freePort()];
  for (const part of ['run', 'mail', 'state', 'queue', 'data', 'config']) mkdirSync(join(directory, part));
  makeMailUser(join(directory, 'mail'));
  execFileSync('chown', ['postfix', join(directory, 'data')]);

  const dovecotConfig = join(directory, 'dovecot.conf');
  writeFileSync(dovecotConfig, dovecotSettings(directory, lmtpPort));
  const dovecot = spawn('dovecot', ['-F', '-c', dovecotConfig], { stdio: 'ignore', detached: true });
  const postfixConfig = join(directory, 'config');
  writeFileSync(join(postfixConfig, 'main.cf'), postfixSettings(directory, lmtpPort));
  writeFileSync(join(postfixConfig, 'master.cf'), postfixServices(smtpPort));
  execFileSync('postfix', ['-c', postfixConfig, 'start'], { stdio: 'ignore' });
  await Promise.all([lmtpPort, smtpPort].map((port) => until(`the peer on port ${port}`, () => answers(port), 20_000)));

  return {
    lmtpPort,
    smtpPort,
    delivered: () =>
      Number(execFileSync('sh', ['-c', `find ${join(directory, 'mail')} -name 'u.*' | wc -l`], { encoding: 'utf8' })),
    async [Symbol.asyncDispose]() {
      spawnSync('postfix', ['-c', postfixConfig, 'stop'], { stdio: 'ignore' });
      const exited = new Promise((resolve) => dovecot.once('exit', resolve));
      dovecot.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Owns what Dovecot writes into `mailDirectory`. */
export function makeMailUser(mailDirectory: string): void {
  if (spawnSync('id', [USER]).status !== 0) execFileSync('useradd', ['-r', '-M', '-s', '/usr/sbin/nologin', USER]);
  execFileSync('chown', [`${USER}:${USER}`, mailDirectory]);
}

/** Dovecot with one durable file a message (sdbox), any user, password `pass`; services are to follow. */
export const dovecotBase = (directory: string, protocols: string): string => `
base_dir=${directory}/run
state_dir=${directory}/state
instance_name=rookery-peer
log_path=${directory}/dovecot.log
protocols=${protocols}
listen=127.0.0.1
ssl=no
mail_location=sdbox:~/mail
first_valid_uid=1
passdb {
  driver=static
  args=password=pass
}
userdb {
  driver=static
  args=uid=${USER} gid=${USER} home=${directory}/mail/%u
}
namespace inbox {
  inbox=yes
  separator=/
}
`;

const dovecotSettings = (directory: string, lmtpPort: number): string => `${dovecotBase(directory, 'lmtp')}
service lmtp {
  inet_listener lmtp {
    port=${lmtpPort}
  }
  process_min_avail=4
}
`;

const postfixSettings = (directory: string, lmtpPort: number): string => `
compatibility_level = 3.6
queue_directory = ${directory}/queue
data_directory = ${directory}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.peer.test
mydestination =
virtual_mailbox_domains = peer.test
virtual_transport = lmtp:inet:127.0.0.1:${lmtpPort}
lmtp_destination_concurrency_limit = 40
lmtp_destination_recipient_limit = 1
smtpd_peername_lookup = no
smtpd_recipient_restrictions = permit
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
alias_maps =
maillog_file = ${directory}/postfix.log
maillog_file_prefixes = /
`;

/** Debian's services, unchrooted, with the SMTP listener on our port. */
function postfixServices(smtpPort: number): string {
  const lines = readFileSync('/etc/postfix/master.cf', 'utf8')
    .split('\n')
    .map((line) => {
      const fields = line.trim().split(/\s+/);
      if (!/^[a-z0-9]/.test(line) || fields.length < 8) return line;
      if (fields[4] === 'y') fields[4] = 'n';
      if (fields[0] === 'smtp' && fields[1] === 'inet') fields[0] = `127.0.0.1:${smtpPort}`;
      return fields.join(' ');
    });
  if (!lines.some((line) => line.startsWith('postlog '))) lines.push('postlog unix-dgram n - n - 1 postlogd');
  return `${lines.join('\n')}\n`;
}

export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
