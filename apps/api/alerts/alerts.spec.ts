import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AlertBook } from '#alerting';
import { ROUTES } from '#api-schema';
import { findCluster } from '#cluster/postgres';
import { present, systemClock } from '#stdx';
import { type ApiFixture, startFixture } from '../api-fixture.spec.ts';

describe('alerts over the API', () => {
  const params = { cluster: 'shared' };
  let fixture: ApiFixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(() => fixture[Symbol.asyncDispose]());

  it('shows what stands and what stood', async () => {
    const { id, name, partnerId } = present(await findCluster(fixture.database, 'shared'), 'the cluster');
    const book = new AlertBook(fixture.database, systemClock);
    const cluster = { id, name, partnerId };
    const down = (node: string) => ({ kind: 'nodeDown', subject: node, detail: `Node ${node} is down.` }) as const;
    await book.observe(cluster, [down('node-1'), down('node-2')], []);
    await book.observe(cluster, [down('node-2')], []);
    const list = async (open: 'true' | 'false') =>
      (await fixture.operator.done(ROUTES.listAlerts, { params, query: { open } })).items.map(({ subject }) => subject);
    assert.deepEqual((await list('false')).sort(), ['node-1', 'node-2']);
    assert.deepEqual(await list('true'), ['node-2']);
  });

  it('tells whom it is asked to tell, once each', async () => {
    const { operator } = fixture;
    const create = (target: string) => operator.done(ROUTES.createAlertChannel, { params, body: { target } });
    const mail = await create('ops@example.net');
    assert.deepEqual([mail.kind, mail.repeatMinutes, mail.secret], ['mail', 60, null]);
    const hook = await create('https://example.net/alerts');
    assert.match(hook.secret ?? '', /^whsec_/);
    const { items } = await operator.done(ROUTES.listAlertChannels, { params });
    assert.deepEqual(
      items.map(({ target }) => target),
      ['ops@example.net', 'https://example.net/alerts'],
    );
    assert.ok(!JSON.stringify(items).includes('whsec_'));
    assert.equal(
      await operator.refused(ROUTES.createAlertChannel, { params, body: { target: 'ops@example.net' } }),
      'conflict',
    );
    assert.equal(
      await operator.refused(ROUTES.createAlertChannel, { params, body: { target: 'nobody' } }),
      'invalid_request',
    );
    await operator.done(ROUTES.deleteAlertChannel, { params: { ...params, alertChannel: mail.id } });
    const gone = { params: { ...params, alertChannel: mail.id } };
    assert.equal(await operator.refused(ROUTES.deleteAlertChannel, gone), 'alert_channel_not_found');
  });
});
