import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { testDatabase } from '#testing';
import { runCli } from '../cli.ts';
import { insertOperatorKey, listening, spawnApi } from '../cli-fixture.spec.ts';

const STANDARD = '00000000-0000-4000-8000-000000000001';

describe('rookery billing: what is agreed with a partner', () => {
  let home: Awaited<ReturnType<typeof testDatabase>>;
  let api: ChildProcess;
  let url = '';
  let key = '';

  before(async () => {
    home = await testDatabase();
    key = await insertOperatorKey(home.url);
    api = spawnApi(home.url);
    url = await listening(api);
    await json('partner', 'create', 'acme', '--name', 'Acme');
  });
  after(async () => {
    const exited = new Promise((resolve) => api.once('exit', resolve));
    api.kill('SIGTERM');
    await exited;
    await home[Symbol.asyncDispose]();
  });

  const rookery = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    let [out, err] = ['', ''];
    const code = await runCli([...args, '--url', url], {
      environment: { ROOKERY_API_KEY: key },
      readInput: async () => '',
      print: (line) => (out += `${line}\n`),
      complain: (line) => (err += `${line}\n`),
    });
    return { code, out, err };
  };
  async function json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await rookery(...args, '--json');
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  }
  const shown = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await rookery('billing', ...args);
    assert.equal(code, 0, err);
    return out;
  };

  it('plan, cancel and subscription', async () => {
    assert.match(await shown('subscription', 'acme'), /Standard +1 +00000000-0000-4000-8000-000000000001 +EUR/);
    assert.match(await shown('plan', 'acme', STANDARD, '--from', '2040-01-01'), /T00:00:00.000Z +- +Standard/);
    assert.match(await shown('cancel', 'acme', '--at', '2040-02-01'), / 2040-02-01T00:00:00.000Z +Standard/);
    assert.doesNotMatch(await shown('cancel', 'acme', '--at', 'never'), /2040-02-01/);
    assert.match((await rookery('billing', 'cancel', 'acme')).err, /--at has to be given/);
    assert.match((await rookery('billing', 'cancel', 'acme', '--at', '2001-01-01')).err, /the subscription begins on/);
  });

  it('commit, coupon and their ends', async () => {
    assert.match(await shown('commit', 'acme', '500.00', '--from', '2040-01-01'), /2040-01-01T00:00:00.000Z +- +500/);
    const [commitment] = await json<{ id: string }[]>('billing', 'commitments', 'acme');
    assert.equal((await rookery('billing', 'commit', 'acme', '1', '--from', '2041-01-01')).code, 1);
    assert.match(await shown('end-commitment', 'acme', commitment!.id, '--at', '2040-03-15'), /2040-03-15T00/);
    await shown('coupon', 'acme', 'Welcome', '--percent', '12.5', '--from', '2040-01', '--months', '3');
    await shown('coupon', 'acme', 'Ever', '--amount', '1000', '--from', '2040-01');
    const table = await shown('coupons', 'acme');
    assert.match(table, /2040-01-01T00:00:00.000Z +2040-04-01T00:00:00.000Z +12.5 % +Welcome/);
    assert.match(table, /2040-01-01T00:00:00.000Z +- +1000 minor units +Ever/);
    const [welcome] = await json<{ id: string }[]>('billing', 'coupons', 'acme');
    assert.match(await shown('end-coupon', 'acme', welcome!.id, '--month', '2040-02'), / 2040-02-01T00.* Welcome/);
  });

  it('tax, tax rates, and who changed what', async () => {
    assert.match(await shown('tax', 'acme'), /treatment +standard[\s\S]*effective +outsideScope No VAT/);
    await shown('set-tax', 'acme', 'outsideVat', '--reason', 'Embassy');
    assert.match(await shown('tax', 'acme'), /reason +Embassy[\s\S]*outsideScope Embassy/);
    assert.equal((await rookery('billing', 'set-tax', 'acme', 'never')).code, 2);
    assert.match(await shown('set-tax-rate', 'DE', '20.5', '--from', '2040-01-01'), /DE +standard +2040-01-01 +20.5/);
    assert.match(await shown('tax-rates', '--country', 'DE'), /2025-09-01 +19/);
    await shown('withdraw-tax-rate', 'DE', '2040-01-01');
    assert.doesNotMatch(await shown('tax-rates', '--country', 'DE'), /2040/);
    assert.equal((await shown('changes')).match(/ taxRate /g)?.length, 2);
    const changes = await json<{ what: string }[]>('billing', 'changes', '--partner', 'acme');
    assert.deepEqual(
      changes.map(({ what }) => what),
      [
        ...['taxTreatment', 'coupon', 'coupon', 'coupon', 'commitment', 'commitment'],
        ...['subscription', 'subscription'],
      ],
    );
  });
});
