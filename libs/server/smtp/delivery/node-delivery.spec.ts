import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MailStoreError } from '#mailstore/api';
import { isStaleReply } from '#protocol/smtp';
import type { RelayMessage } from '#relay';
import { collect } from '#stdx';
import { BODY, inbox, node, origin, parameters, route } from './node.test.ts';

describe('NodeDelivery', () => {
  it('commits local recipients and queue entries together', async () => {
    await using n = await node();
    const replies = await n.send({
      parameters: new Map<string, string | null>([
        ...parameters('ORIGIN', origin),
        ['ENVID', 'e1'],
        ['BODY', '8BITMIME'],
      ]),
      recipients: [
        { forwardPath: 'ann@a.test', parameters: parameters('ROUTE', route('ann')) },
        { forwardPath: 'far@b.test', parameters: new Map([['NOTIFY', 'FAILURE']]) },
        { forwardPath: 'bob@a.test', parameters: parameters('ROUTE', route('bob')) },
        { forwardPath: 'alias@a.test', parameters: parameters('ROUTE', route('ann')) },
      ],
    });
    assert.deepEqual(replies, [
      '250 2.1.5 Delivered',
      '250 2.0.0 Queued',
      '250 2.1.5 Delivered',
      '250 2.1.5 Delivered',
    ]);
    const stored = `Return-Path: <s@x.test>\r\n${BODY}`;
    assert.deepEqual(await inbox(n.store, 'ann'), [stored]);
    assert.deepEqual(await inbox(n.store, 'bob'), [stored]);
    const [entry, ...more] = await n.store.queueEntries({ limit: 10 });
    assert.equal(more.length, 0);
    assert.deepEqual(
      [entry?.reversePath, entry?.forwardPath, entry?.partnerId, entry?.parameters],
      ['s@x.test', 'far@b.test', 'p1', { BODY: '8BITMIME', ENVID: 'e1', NOTIFY: 'FAILURE' }],
    );
  });

  it('does not bill as sent what stays in the cluster', async () => {
    await using n = await node();
    const replies = await n.send({
      parameters: parameters('ORIGIN', origin),
      recipients: [
        { forwardPath: 'other-volume@a.test', parameters: new Map([['INNER', null]]) },
        { forwardPath: 'far@b.test' },
      ],
    });
    assert.deepEqual(replies, ['250 2.0.0 Queued', '250 2.0.0 Queued']);
    const sent = (await n.store.usagePending(10)).filter(({ meter }) => meter === 'messages-out');
    assert.equal(sent.length, 1);
  });

  it('streams a large message', async () => {
    await using n = await node();
    const line = `${'x'.repeat(998)}\r\n`;
    async function* body() {
      yield Buffer.from('Subject: big\r\n\r\n');
      for (let i = 0; i < 300; i++) yield Buffer.from(line.repeat(10));
    }
    const replies = await n.send({
      recipients: [{ forwardPath: 'ann@a.test', parameters: parameters('ROUTE', route('ann')) }],
      body: body(),
    });
    assert.deepEqual(replies, ['250 2.1.5 Delivered']);
    assert.deepEqual(await inbox(n.store, 'ann'), [
      `Return-Path: <s@x.test>\r\nSubject: big\r\n\r\n${line.repeat(3000)}`,
    ]);
  });

  const bad: readonly [string, Partial<RelayMessage>, RegExp][] = [
    [
      'another epoch in ROUTE',
      { recipients: [{ forwardPath: 'a@a.test', parameters: parameters('ROUTE', route('a', { epoch: 6 })) }] },
      /^451 4\.3\.5 STALE volume v1 is at epoch 7$/,
    ],
    [
      'another volume in ROUTE',
      { recipients: [{ forwardPath: 'a@a.test', parameters: parameters('ROUTE', route('a', { volumeId: 'v2' })) }] },
      /^451 4\.3\.5 STALE volume v2 is not here$/,
    ],
    [
      'another epoch in ORIGIN',
      { parameters: parameters('ORIGIN', { ...origin, epoch: 8 }), recipients: [{ forwardPath: 'a@b.test' }] },
      /^451 4\.3\.5 STALE/,
    ],
    ['relay without ORIGIN', { recipients: [{ forwardPath: 'a@b.test' }] }, /^550 5\.7\.1/],
    [
      'unreadable ROUTE',
      { recipients: [{ forwardPath: 'a@a.test', parameters: new Map([['ROUTE', 'e30']]) }] },
      /^501 5\.5\.4/,
    ],
    [
      'ROUTE that is not JSON',
      { recipients: [{ forwardPath: 'a@a.test', parameters: new Map([['ROUTE', '!!']]) }] },
      /^501 5\.5\.4/,
    ],
  ];
  for (const [name, message, expected] of bad) {
    it(`refuses ${name}, and the connection goes on`, async () => {
      await using n = await node();
      assert.match((await n.send(message))[0]!, expected);
      const again = await n.send({
        recipients: [{ forwardPath: 'ann@a.test', parameters: parameters('ROUTE', route('ann')) }],
      });
      assert.deepEqual(again, ['250 2.1.5 Delivered']);
      assert.equal(n.pool.figures.connections, 1);
      assert.deepEqual(await n.store.queueEntries({ limit: 10 }), []);
    });
  }

  it('leaves a refused stream unread, for another node', async () => {
    await using n = await node();
    let read = 0;
    async function* body() {
      read++;
      yield BODY;
    }
    const { recipients } = await n.pool.send({
      reversePath: '',
      recipients: [{ forwardPath: 'a@a.test', parameters: parameters('ROUTE', route('a', { epoch: 1 })) }],
      body: body(),
    });
    assert.ok(isStaleReply(recipients[0]!.rcpt));
    assert.equal(recipients[0]!.final, null);
    assert.equal(read, 0);
  });

  it('answers each recipient for a quota of its own', async () => {
    await using n = await node();
    const to = (name: string, quotaBytes: number) => ({
      forwardPath: `${name}@a.test`,
      parameters: parameters('ROUTE', route(name, { quotaBytes })),
    });
    const size = `Return-Path: <s@x.test>\r\n${BODY}`.length;
    await n.send({ recipients: [to('full', size + 5)] });
    assert.deepEqual(await n.send({ recipients: [to('full', size + 5), to('tiny', 10), to('roomy', 0)] }), [
      '452 4.2.2 Mailbox full',
      '552 5.2.2 Message is larger than the mailbox',
      '250 2.1.5 Delivered',
    ]);
  });

  it('sends a receipt to a sender who asked for one', async () => {
    await using n = await node();
    const to = (name: string, notify: string, quotaBytes = 0) => ({
      forwardPath: `${name}@a.test`,
      parameters: new Map([
        ...parameters('ROUTE', route(name, { quotaBytes })),
        ['NOTIFY', notify],
        ['ORCPT', `rfc822;alias-of-${name}@a.test`],
      ]),
    });
    await n.send({ recipients: [to('ann', 'SUCCESS,DELAY'), to('bob', 'FAILURE'), to('tiny', 'SUCCESS', 5)] });
    const [entry, ...more] = await n.store.queueEntries({ limit: 10 });
    assert.deepEqual([entry?.reversePath, entry?.forwardPath, more.length], ['', 's@x.test', 0]);
    const text = (await collect(n.store.read(entry!.blobId), 1 << 20)).toString();
    assert.match(text, /^Action: delivered\r$/m);
    assert.deepEqual(text.match(/^(Final|Original)-Recipient: .*(?=\r$)/gm), [
      'Original-Recipient: rfc822; alias-of-ann@a.test',
      'Final-Recipient: rfc822; ann@a.test',
    ]);
    assert.match(text, /^Subject: hi\r$/m);
    await n.send({ reversePath: '', recipients: [to('ann', 'SUCCESS')] });
    assert.equal((await n.store.queueEntries({ limit: 10 })).length, 1, 'nothing is sent to nobody');
  });

  const faults = [
    ['diskFull', '452 4.3.1 Insufficient storage'],
    ['unavailable', '451 4.3.0 Mail store is not available'],
    ['messageTooLarge', '552 5.3.4 Message too large'],
    ['stale', '451 4.3.5 STALE volume v1 is not here'],
    ['corrupt', '451 4.3.0 Local error in processing'],
  ] as const;
  for (const [code, expected] of faults) {
    it(`answers ${code} to every recipient`, async () => {
      await using n = await node();
      n.store.deliverAll = () => Promise.reject(new MailStoreError(code));
      const recipients = ['ann', 'bob'].map((name) => ({
        forwardPath: `${name}@a.test`,
        parameters: parameters('ROUTE', route(name)),
      }));
      assert.deepEqual(await n.send({ recipients }), [expected, expected]);
    });
  }
});
