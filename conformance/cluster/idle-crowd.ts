import { randomBytes } from 'node:crypto';
import type { EmbeddedCluster } from './embedded-cluster.ts';
import { ImapClient } from './imap-client.ts';
import { rest } from './rest.ts';
import { SmtpClient } from './smtp-client.ts';

interface User {
  readonly email: string;
  readonly password: string;
}

/** What each session had to get right, and how many did not. */
export interface CrowdReport {
  readonly sessions: number;
  readonly disconnected: number;
  /** Did not hear of the new message. */
  readonly deaf: number;
  /** Answered for another message than the one the sequence number stood for. */
  readonly wrong: number;
  /** From the kill to hearing of the new message, for sessions in IDLE. Milliseconds. */
  readonly heardAfterMs: readonly number[];
}

type Verdict = 'right' | 'disconnected' | 'deaf' | 'wrong';

const MESSAGES = 3;
/** Sessions of one account at most; mail programs keep about five. */
const SESSIONS_PER_ACCOUNT = 25;
const HEAR_MS_MAX = 180_000;
/** Between two NOOPs of one session. */
const NOOP_EVERY_MS = 1_000;
/** Sign-ins at once. */
const ARRIVING = 50;

/** One session: its mailbox holds `MESSAGES` messages whose uids it knows. */
class Member {
  private constructor(
    private readonly client: ImapClient,
    readonly user: User,
    private readonly idle: boolean,
    private readonly uids: readonly string[],
    private readonly idling: string,
  ) {}

  static async arrive(port: number, user: User, idle: boolean): Promise<Member> {
    const client = await ImapClient.signIn(port, user);
    await client.ok('SELECT INBOX');
    const uids = (await client.ok(`FETCH 1:${MESSAGES} (UID)`)).map((line) => /UID (\d+)/.exec(line)?.[1] ?? '');
    if (idle) client.write('i IDLE\r\n');
    const idling = idle ? await client.next() : '';
    return new Member(client, user, idle, uids, idling);
  }

  /** After message 1 was expunged by another session and one with `key` came: what does this one see? */
  async look(key: string, heard: (at: number) => void): Promise<Verdict> {
    if (this.idle && !this.idling.startsWith('+')) return 'deaf';
    try {
      const right = this.idle ? await this.hearInIdle(heard) : await this.hearByNoop();
      if (right !== 'right') return right;
      const [body = ''] = await this.client.ok(`FETCH ${MESSAGES} (BODY.PEEK[HEADER.FIELDS (X-PROBE)])`);
      const [first = ''] = await this.client.ok('FETCH 1 (UID)');
      return body.includes(key) && first.includes(`UID ${this.uids[1]}`) ? 'right' : 'wrong';
    } catch {
      return this.client.isOpen ? 'deaf' : 'disconnected';
    }
  }

  close(): void {
    this.client.close();
  }

  private async hearInIdle(heard: (at: number) => void): Promise<Verdict> {
    let expunged = false;
    for (;;) {
      const line = await this.client.next(HEAR_MS_MAX);
      if (line === '* 1 EXPUNGE') expunged = true;
      if (line === `* ${MESSAGES} EXISTS` && expunged) break;
    }
    heard(performance.now());
    this.client.write('DONE\r\n');
    for (;;) if ((await this.client.next()).startsWith('i OK')) return 'right';
  }

  /** FETCH tells of no expunge (RFC 9051 §7.5.1): until NOOP the numbers stand for what they stood for. */
  private async hearByNoop(): Promise<Verdict> {
    const [second = ''] = await this.client.ok('FETCH 2 (UID)', HEAR_MS_MAX);
    if (!second.includes(`UID ${this.uids[1]}`)) return 'wrong';
    let expunged = false;
    const until = performance.now() + HEAR_MS_MAX;
    while (performance.now() < until) {
      for (const line of await this.client.ok('NOOP', HEAR_MS_MAX)) {
        if (line === '* 1 EXPUNGE') expunged = true;
        if (line === `* ${MESSAGES} EXISTS` && expunged) return 'right';
      }
      await new Promise((resolve) => setTimeout(resolve, NOOP_EVERY_MS));
    }
    return 'deaf';
  }
}

/**
 * `count` idle sessions over all hubs, half of them in IDLE, on accounts of one node's volume; then that node is killed,
 * and in each account message 1 is expunged and another comes.
 */
export async function killUnderCrowd(
  cluster: EmbeddedCluster,
  count: number,
  report: (line: string) => void,
): Promise<CrowdReport> {
  const { hubs, nodes, demo } = cluster.file;
  const target = nodes.find(({ state }) => state === 'active');
  const volume = target?.volumes[0];
  if (!target?.pid || volume === undefined) throw new Error('no active node to kill');
  const users = await accountsOn(cluster, volume, Math.ceil(count / SESSIONS_PER_ACCOUNT));
  const smtp = await SmtpClient.open(hubs[0]?.ports.smtp ?? 0);
  for (const { email } of users)
    for (let number = 0; number < MESSAGES; number++) await send(smtp, email, `old${number}`);
  report(`${users.length} accounts on ${target.name}, ${MESSAGES} messages each`);

  const members: Member[] = [];
  for (let first = 0; first < count; first += ARRIVING) {
    const arriving = Array.from({ length: Math.min(ARRIVING, count - first) }, (_, offset) => {
      const number = first + offset;
      const port = hubs[number % hubs.length]?.ports.imap ?? 0;
      return Member.arrive(port, users[number % users.length] as User, Math.floor(number / hubs.length) % 2 === 0);
    });
    members.push(...(await Promise.all(arriving)));
  }
  report(`${members.length} sessions over ${hubs.length} hubs; killing ${target.name}`);

  const killedAt = performance.now();
  process.kill(target.pid, 'SIGKILL');
  const key = randomBytes(8).toString('hex');
  const heardAfterMs: number[] = [];
  const looking = members.map((member) => member.look(key, (at) => heardAfterMs.push(at - killedAt)));
  const port = hubs.at(-1)?.ports.imap ?? 0;
  for (const user of users) {
    const editor = await ImapClient.signIn(port, user);
    await editor.ok('SELECT INBOX');
    await editor.ok('STORE 1 +FLAGS (\\Deleted)');
    await editor.ok('EXPUNGE');
    editor.close();
    await send(smtp, user.email, key);
  }
  await smtp.quit();
  const verdicts = await Promise.all(looking);
  for (const member of members) member.close();
  const number = (verdict: Verdict): number => verdicts.filter((each) => each === verdict).length;
  report(`${demo.domain}: ${number('right')} of ${verdicts.length} right`);
  return {
    sessions: verdicts.length,
    disconnected: number('disconnected'),
    deaf: number('deaf'),
    wrong: number('wrong'),
    heardAfterMs,
  };
}

async function accountsOn(cluster: EmbeddedCluster, volume: string, count: number): Promise<readonly User[]> {
  const { demo } = cluster.file;
  const users = Array.from({ length: count }, () => ({
    email: `crowd-${randomBytes(6).toString('hex')}@${demo.domain}`,
    password: randomBytes(9).toString('base64url'),
  }));
  for (const user of users) await rest(cluster, 'POST', '/accounts', { ...user, volume });
  return users;
}

const send = (client: SmtpClient, to: string, key: string): Promise<string> =>
  client.send(
    'sender@outside.example',
    [to],
    Buffer.from(`From: sender@outside.example\r\nTo: ${to}\r\nX-Probe: ${key}\r\nSubject: probe\r\n\r\nprobe\r\n`),
  );
