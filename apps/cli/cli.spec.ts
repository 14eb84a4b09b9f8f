import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory, testDatabase } from '#testing';
import { runCli } from './cli.ts';
import { insertOperatorKey, listening, spawnApi } from './cli-fixture.spec.ts';

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const root = here('../../..');

describe('the command line', () => {
  const directory = temporaryDirectory();
  const clusterFile = join(directory.path, 'cluster.json');
  let home: Awaited<ReturnType<typeof testDatabase>>;
  let api: ChildProcess;
  let url: string;
  let key: string;

  before(async () => {
    home = await testDatabase();
    key = await insertOperatorKey(home.url);
    api = spawnApi(home.url);
    url = await listening(api);
    writeFileSync(clusterFile, JSON.stringify({ api: { url }, operator: { apiKey: key } }));
  });
  after(async () => {
    const exited = new Promise((resolve) => api.once('exit', resolve));
    api.kill('SIGTERM');
    assert.equal(await exited, 0, 'the API ends cleanly');
    await home[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const environmentOf = (more: Record<string, string>) => ({ ROOKERY_CLUSTER: clusterFile, ...more });
  /** In this process, since starting one takes longer than what it does. */
  const rookery = async (args: readonly string[], input = '', more: Record<string, string> = {}): Promise<Run> => {
    let [out, err] = ['', ''];
    const code = await runCli(args, {
      environment: environmentOf(more),
      readInput: async () => input,
      print: (line) => (out += `${line}\n`),
      complain: (line) => (err += `${line}\n`),
    });
    return { code, out, err };
  };
  /** As people run it. */
  const spawned = async (args: readonly string[], input = '', more: Record<string, string> = {}): Promise<Run> => {
    const child = spawn(process.execPath, [join(root, 'tools/rookery.mjs'), ...args], {
      env: { PATH: process.env['PATH'], NODE_NO_WARNINGS: '1', ...environmentOf(more) },
      cwd: directory.path,
    });
    child.stdin.end(input);
    const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await code, out, err };
  };
  const json = async <T>(...args: string[]): Promise<T> => {
    const { code, out, err } = await rookery([...args, '--json']);
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  };

  it('builds up a customer from nothing', async () => {
    await json('partner', 'create', 'acme', '--name', 'Acme Hosting', '--time-zone', 'Europe/Berlin');
    await json('cluster', 'create', 'cluster-1', '--partner', 'acme');
    await json('node', 'create', 'node-1', '--control', '127.0.0.1:1', '--data', '[::1]:2');
    const volume = await json<{ id: string; state: string }>(
      'volume',
      'create',
      'volume-1',
      '--path',
      '/nowhere',
      '--prefer',
      'node-1',
    );
    assert.equal(volume.state, 'unassigned');
    await json('domain', 'create', 'acme.example', '--partner', 'acme');
    const made = await rookery(
      ['account', 'create', 'Bob@acme.example', '--password-stdin', '--name', 'Bob', '--quota', '2GB', '--json'],
      'correct horse\n',
    );
    assert.equal(made.code, 0, made.err);
    const shown = await json<Record<string, unknown>>('account', 'show', 'bob@acme.example');
    assert.deepEqual(
      [
        shown['email'],
        shown['partner'],
        shown['domain'],
        shown['volume'],
        shown['quotaBytes'],
        shown['usedBytes'],
        shown['state'],
      ],
      ['bob@acme.example', 'acme', 'acme.example', volume.id, 2_000_000_000, null, 'active'],
    );
    assert.equal(
      (await json<{ quotaBytes: number }>('account', 'update', 'bob@acme.example', '--quota', '1GiB')).quotaBytes,
      1_073_741_824,
    );
    const alias = await json<{ targets: string[] }>(
      'alias',
      'create',
      'sales@acme.example',
      'bob@acme.example',
      'eve@away.example',
    );
    assert.deepEqual(alias.targets, ['bob@acme.example', 'eve@away.example']);
    assert.deepEqual(
      (await json<{ targets: string[] }>('alias', 'update', 'sales@acme.example', 'bob@acme.example')).targets,
      ['bob@acme.example'],
    );
    assert.equal((await json<unknown[]>('account', 'list', '--domain', 'acme.example')).length, 1);
    assert.equal((await json<{ movingTo: string }>('volume', 'move', volume.id, '--to', 'node-1')).movingTo, 'node-1');
    assert.equal((await json<{ draining: boolean }>('node', 'drain', 'node-1', '--wait')).draining, true);
    assert.equal((await json<{ draining: boolean }>('node', 'undrain', 'node-1')).draining, false);
    await json('node', 'prefer', 'node-1', volume.id);
    const sent = await json<{ name: string; preferredNode: string }[]>('node', 'fail-back', 'node-1');
    assert.deepEqual(
      sent.map(({ preferredNode }) => preferredNode),
      ['node-1'],
    );
    await json('node', 'update', 'node-1', '--weight', '2', '--eligible', 'no');
    await json('volume', 'update', volume.id, '--prefer', 'none', '--weight', '3');
    const changed = await json<{ failBack: string }>('cluster', 'update', '--in', 'cluster-1', '--fail-back', 'auto');
    assert.equal(changed.failBack, 'auto');
    const status = await json<Record<string, unknown[]>>('cluster', 'status');
    assert.deepEqual(
      ['hubs', 'nodes', 'volumes'].map((part) => status[part]?.length),
      [0, 1, 1],
    );
    const made2 = await json<{ secret: string }>('apikey', 'create', 'panel', '--partner', 'acme', '--scopes', 'read');
    const asPartner = await rookery(['domain', 'list'], '', { ROOKERY_API_KEY: made2.secret });
    assert.match(asPartner.out, /^DOMAIN .*\nacme\.example +acme +standard +-\n$/);
    assert.equal((await rookery(['domain', 'delete', 'acme.example'], '', { ROOKERY_API_KEY: made2.secret })).code, 1);
    const usage = await json<{ partner: string; periodStart: string }>('usage', 'show', 'acme', '--month', '2026-03');
    assert.deepEqual([usage.partner, usage.periodStart], ['acme', '2026-02-28T23:00:00.000Z']);
    assert.deepEqual(await json('queue', 'list'), { entries: [], unanswered: ['volume-1'] });
    const invoice = await json<{ currency: string; lines: { amountMinor: number }[]; subtotalMinor: number }>(
      'invoice',
      'preview',
      'acme',
    );
    assert.equal(
      invoice.lines.reduce((sum, line) => sum + line.amountMinor, 0),
      invoice.subtotalMinor,
    );
    const pdf = await json<{ bytes: number }>(
      'invoice',
      'preview',
      'acme',
      '--pdf',
      join(directory.path, 'invoice.pdf'),
    );
    assert(pdf.bytes > 500);
    const transfer = ['--amount', '12.34', '--currency', 'EUR', '--reference', 'TX-1'];
    const paid = await json<{ id: string; amountMinor: number }>('payment', 'record', 'acme', ...transfer);
    assert.equal(paid.amountMinor, 1_234);
    assert.equal((await json<{ id: string }>('payment', 'record', 'acme', ...transfer)).id, paid.id);
    assert.equal((await json<unknown[]>('payment', 'list', 'acme')).length, 1);
    for (const wrong of ['12.345', '-1', '1e3', ''])
      assert.equal((await rookery(['payment', 'record', 'acme', ...transfer, '--amount', wrong])).code, 2, wrong);
    assert.deepEqual(await json('payment', 'methods', 'acme'), []);
    const profile = ['--email', 'pay@acme.example', '--address', 'Weg 1 | 10115 Berlin', '--suspendable', 'no'];
    const updated = await json<{ address: string[]; suspendable: boolean }>('billing', 'update', 'acme', ...profile);
    assert.deepEqual([updated.address, updated.suspendable], [['Weg 1', '10115 Berlin'], false]);
    assert.equal((await json<{ email: string }>('billing', 'profile', 'acme')).email, 'pay@acme.example');
    const hook = await json<{ id: string }>(
      'webhook',
      'create',
      'acme',
      'https://x.example/',
      '--events',
      'invoice.paid',
    );
    assert.equal((await rookery(['webhook', 'create', 'acme', 'https://x.example/', '--events', 'nothing'])).code, 2);
    assert.equal((await json<unknown[]>('webhook', 'list', 'acme')).length, 1);
    assert.deepEqual(await json('webhook', 'deliveries', 'acme', hook.id), []);
    await json('webhook', 'delete', 'acme', hook.id);
    assert.deepEqual(await json('billing', 'tasks', '--state', 'failed'), []);
    assert.equal((await rookery(['billing', 'retry', 'none'])).code, 1);
    assert.equal((await rookery(['invoice', 'show', 'acme', 'RK-1'])).code, 1);
    await json('account', 'delete', 'bob@acme.example');
    await json('domain', 'delete', 'acme.example');
  });

  it('has an account moved, shows how far it is, and calls it off', async () => {
    const eve = 'eve@moving.example';
    const move = (to: string, ...more: string[]) => rookery(['account', 'move', eve, '--to', to, ...more]);
    await json('domain', 'create', 'moving.example', '--partner', 'acme');
    await rookery(['account', 'create', eve, '--password-stdin'], 'correct horse\n');
    await json('volume', 'create', 'volume-2', '--path', '/elsewhere');
    const begun = JSON.parse((await move('volume-2', '--json')).out) as { id: string; state: string };
    assert.equal(begun.state, 'waiting');
    assert.match((await move('volume-2')).err, /on its way already/);
    assert.match((await move('volume-1')).err, /lives on that/);
    assert.match((await move('volume-9')).err, /volume_not_found/);
    assert.match((await rookery(['move', 'list'])).out, /^MOVE .*\n1 +eve@.* +volume-1 → volume-2 +waiting/);
    assert.deepEqual(await json('move', 'list', '--account', eve), [begun]);
    assert.equal((await json<{ state: string }>('move', 'cancel', begun.id)).state, 'cancelling');
    assert.equal((await rookery(['move', 'cancel', begun.id])).code, 1);
    assert.match((await rookery(['move', 'show', '77'])).err, /move_not_found/);
  });

  it('says what would even the cluster out, and has it done', async () => {
    const advise = () => json<{ accounts: { account: string }[] }>('cluster', 'rebalance', '--advice');
    const create = (email: string) => rookery(['account', 'create', email, '--password-stdin'], 'correct horse');
    await json('domain', 'create', 'pinned.example', '--partner', 'acme');
    assert.equal((await create('p@pinned.example')).code, 0);
    const { volume } = await json<{ volume: string }>('account', 'show', 'p@pinned.example');
    const [from, to] = (await json<{ id: string }[]>('volume', 'list'))[0]?.id === volume ? [1, 2] : [2, 1];
    assert.match((await rookery(['domain', 'pin', 'pinned.example', 'volume-9'])).err, /volume_not_found/);
    await json('domain', 'pin', 'pinned.example', `volume-${to}`);
    const misplaced = { account: 'p@pinned.example', from: `volume-${from}`, to: `volume-${to}`, why: 'misplaced' };
    assert.deepEqual(await json('cluster', 'rebalance'), { volumes: [], accounts: [misplaced] });
    assert.equal((await json<unknown[]>('move', 'list', '--account', 'p@pinned.example')).length, 1);
    assert.match((await rookery(['cluster', 'rebalance', '--advice'])).out, /The cluster is even/);
    assert.equal((await create('q@pinned.example')).code, 0);
    assert.deepEqual((await advise()).accounts, [], 'it was placed where it is pinned');
    assert.deepEqual(await json('domain', 'unpin', 'pinned.example'), { volumes: [] });
  });

  it('speaks to people too', async () => {
    await json('partner', 'create', 'people', '--name', 'People');
    for (const args of [
      ['partner', 'list'],
      ['partner', 'show', 'people'],
      ['cluster', 'status'],
      ['cluster', 'events'],
      ['hub', 'list'],
      ['node', 'list'],
      ['volume', 'list'],
      ['queue', 'list'],
      ['apikey', 'list'],
      ['apikey', 'show'],
      ['usage', 'show', 'people'],
      ['invoice', 'preview', 'people'],
      ['invoice', 'list', 'people'],
      ['payment', 'list', 'people'],
      ['billing', 'profile', 'people'],
      ['billing', 'tasks'],
      ['webhook', 'list', 'people'],
      ['account', 'list'],
      ['alias', 'list'],
      ['cluster', 'list'],
    ]) {
      const { code, out, err } = await rookery(args);
      assert.equal(code, 0, `${args.join(' ')}: ${err}`);
      assert(
        out.trim().length > 0 && !out.includes('[object') && !out.includes('undefined'),
        `${args.join(' ')}: ${out}`,
      );
    }
  });

  it('lists all pages', async () => {
    await json('domain', 'create', 'many.example', '--partner', 'people', '--in', 'cluster-1').catch(() => {});
    for (let n = 0; n < 3; n++) await json('partner', 'create', `p${n}`, '--name', 'x');
    const all = await json<{ slug: string }[]>('partner', 'list');
    assert.deepEqual(
      all.map(({ slug }) => slug),
      [...all.map(({ slug }) => slug)].sort(),
    );
    assert.equal((await json<unknown[]>('partner', 'list', '--limit', '2')).length, 2);
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['nothing', [], /^Usage: rookery NOUN VERB/],
    ['no verb', ['account'], /create USER@DOMAIN/],
    ['a noun there is not', ['acount', 'list'], /no noun acount/],
    ['a noun there will be', ['trace', 'list'], /does not have it yet/],
    ['a verb there is not', ['account', 'lsit'], /no verb lsit/],
    ['what every object has', ['constructor', 'name'], /no noun constructor/],
    ['too little', ['account', 'show'], /Missing: USER@DOMAIN/],
    ['too much', ['account', 'show', 'a', 'b'], /Too much: b/],
    ['an option there is not', ['account', 'list', '--colour'], /--colour/],
    ['an option that is needed', ['partner', 'create', 'x'], /Missing: --name/],
    ['no password', ['account', 'create', 'a@acme.example'], /--password-stdin/],
    ['no size', ['account', 'update', 'a@acme.example', '--quota', 'much'], /not a size/],
    ['no state', ['account', 'update', 'a@acme.example', '--state', 'asleep'], /one of active, suspended/],
    ['no change', ['account', 'update', 'a@acme.example'], /Say what to change/],
    ['a URL without a key', ['account', 'list', '--url', 'http://127.0.0.1:1'], /ROOKERY_API_KEY/],
    ['no URL', ['account', 'list', '--url', 'nowhere'], /not a URL/],
    ['no port', ['node', 'create', 'n', '--control', 'host', '--data', 'host:1'], /HOST:PORT/],
  ];
  for (const [what, args, said] of wrong)
    it(`says how it is called, given ${what}: 2`, async () => {
      const { code, out, err } = await rookery(args);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, said);
    });

  it('says why it was refused: 1', async () => {
    const { code, out, err } = await rookery(['account', 'show', 'nobody@acme.example', '--json']);
    assert.equal(code, 1);
    assert.equal((JSON.parse(out) as { error: { code: string } }).error.code, 'account_not_found');
    assert.match(err, /account_not_found/);
    const invalid = await rookery(['partner', 'create', 'Not_A_Slug', '--name', 'x']);
    assert.deepEqual([invalid.code, invalid.out], [1, '']);
    assert.match(invalid.err, /invalid_value\)\n {2}slug: lower case/);
    assert.equal((await rookery(['account', 'list', '--url', url], '', { ROOKERY_API_KEY: 'nonsense' })).code, 1);
  });

  it('says that nobody answers: 3', async () => {
    const nowhere = await rookery(['account', 'list', '--url', 'http://127.0.0.1:1'], '', { ROOKERY_API_KEY: key });
    assert.equal(nowhere.code, 3);
    assert.match(nowhere.err, /ECONNREFUSED/);
    const { code, err } = await rookery(['account', 'list', '--cluster', 'missing.json']);
    assert.equal(code, 3);
    assert.match(err, /npm start/);
  });

  it('finds the cluster where it is told to look', async () => {
    const env = { ROOKERY_CLUSTER: 'missing.json' };
    assert.equal((await rookery(['--cluster', clusterFile, 'partner', 'list'], '', env)).code, 0);
    assert.equal((await rookery(['partner', 'list', `--cluster=${clusterFile}`], '', env)).code, 0);
    assert.equal(
      (await rookery(['--json', 'partner', 'list', '--url', url], '', { ...env, ROOKERY_API_KEY: key })).code,
      0,
    );
  });

  it('is a process like any other', async () => {
    const made = await spawned(['partner', 'create', 'spawned', '--name', 'Grüße', '--json']);
    assert.equal(made.code, 0, made.err);
    assert.equal((JSON.parse(made.out) as { name: string }).name, 'Grüße');
    const account = ['account', 'create', 'a@nowhere.example', '--password-stdin'];
    const codes = await Promise.all([
      spawned(account, 'correct horse\n'),
      spawned(['account']),
      spawned(['partner', 'list', '--cluster', 'missing.json']),
    ]);
    assert.deepEqual(
      codes.map(({ code }) => code),
      [1, 2, 3],
    );
    assert.match(codes[0]?.err ?? '', /domain_not_found/);
  });

  it('helps at every level', async () => {
    for (const args of [['--help'], ['account', '--help'], ['account', 'create', '--help'], ['help']]) {
      const { code, out } = await rookery(args);
      assert.equal(code, 0);
      assert.match(out, /rookery/);
    }
  });
});
