import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Queue, Worker } from 'bullmq';
import { testServices, until } from '#testing';
import { type ApiFixture, startFixture } from '../api-fixture.spec.ts';
import { JOB_BOARD_PATH } from './job-board.ts';

describe('the job board', () => {
  let fixture: ApiFixture;
  let queue: Queue;
  const redisUrl = `${testServices().redisUrl.replace(/\/\d*$/, '')}/9`;
  before(async () => {
    fixture = await startFixture({ REDIS_URL: redisUrl });
    queue = new Queue('billing', { connection: { url: redisUrl, maxRetriesPerRequest: null } });
    await queue.obliterate({ force: true });
  });
  after(async () => {
    await queue.obliterate({ force: true });
    await queue.close();
    await fixture[Symbol.asyncDispose]();
  });
  const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    fetch(new URL(`${JOB_BOARD_PATH}${path}`, fixture.api.url), { headers, method });
  const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`operator:${key}`).toString('base64')}` });

  it('is for operators alone', async () => {
    const partner = await fixture.partner('board', ['read', 'write']);
    for (const headers of [{}, basic('rk_wrong'), { authorization: 'Bearer rk_wrong' }]) {
      const refused = await ask('/', headers);
      assert.equal(refused.status, 401);
      assert.match(refused.headers.get('www-authenticate') ?? '', /^Basic /);
    }
    assert.equal((await ask('/', basic(partner.key ?? ''))).status, 403);
    assert.equal((await ask('/api/queues', basic(partner.key ?? ''))).status, 403);
    const page = await ask('/', basic(fixture.operator.key ?? ''));
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<title>Rookery jobs<\/title>/);
  });

  it('shows why a job failed and tries it again, but not for another site', async () => {
    let tries = 0;
    await using stack = new AsyncDisposableStack();
    const worker = new Worker('billing', () => Promise.reject(new Error(`no rate for DE, ${++tries}`)), {
      connection: { url: redisUrl, maxRetriesPerRequest: null },
    });
    stack.defer(() => worker.close());
    await queue.add('billing.tick', {});
    const operator = basic(fixture.operator.key ?? '');
    const failed = async () => {
      const answer = (await (await ask('/api/queues?activeQueue=billing&status=failed', operator)).json()) as {
        queues: { name: string; jobs: { id: string; failedReason: string }[] }[];
      };
      return answer.queues.find(({ name }) => name === 'billing')?.jobs ?? [];
    };
    await until('the failure is shown', async () => (await failed())[0]?.failedReason === 'no rate for DE, 1');
    const retry = `/api/queues/billing/${(await failed())[0]?.id}/retry`;
    assert.equal((await ask(retry, { ...operator, 'sec-fetch-site': 'cross-site' }, 'PUT')).status, 403);
    assert.equal((await ask(retry, { ...operator, 'sec-fetch-site': 'same-origin' }, 'PUT')).status, 204);
    await until('it is tried again', async () => tries === 2);
  });
});
