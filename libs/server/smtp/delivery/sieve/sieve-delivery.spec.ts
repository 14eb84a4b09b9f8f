import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QueueEntry } from '#mailstore/api';
import { collect } from '#stdx';
import { SimulatedClock } from '#testing';
import { context, inbox, node, origin, parameters, route } from '../node.test.ts';

const MESSAGE = Buffer.from(
  [
    'Received: from x by y; Thu, 5 Nov 2026 10:00:00 +0000',
    'From: Sender <s@x.test>',
    'To: ann@a.test',
    'Subject: hello there',
    'Message-ID: <m1@x.test>',
    '',
    'The body.',
    '',
  ].join('\r\n'),
);
const STORED = `Return-Path: <s@x.test>\r\n${MESSAGE}`;
type Node = Awaited<ReturnType<typeof node>>;

/** A node where ann, and whoever is named, has an active script. */
async function scripted(scripts: Readonly<Record<string, string>>, quotaBytes = 0) {
  const clock = new SimulatedClock(Date.UTC(2026, 10, 28));
  const n = await node(clock);
  for (const [name, script] of Object.entries(scripts)) {
    const { accountId, email, partnerId } = route(name);
    await n.store.ensureAccount(context, { accountId, email, partnerId, quotaBytes });
    await n.store.scripts.put(context, accountId, 'main', Buffer.from(script));
    await n.store.scripts.activate(context, accountId, 'main');
  }
  return Object.assign(n, { clock });
}

const to = (name: string, quotaBytes = 0) => ({
  forwardPath: `${name}@a.test`,
  parameters: parameters('ROUTE', route(name, { quotaBytes })),
});
const send = (n: Node, names: readonly string[] = ['ann'], body: Buffer = MESSAGE) =>
  n.send({ recipients: names.map((name) => to(name)), parameters: parameters('ORIGIN', origin), body });
const queued = (n: Node): Promise<readonly QueueEntry[]> => n.store.queueEntries({ limit: 10 });
const textOf = async (n: Node, { blobId }: QueueEntry): Promise<string> =>
  (await collect(n.store.read(blobId), 1 << 20)).toString();
const faultOf = async (n: Node): Promise<string | undefined> =>
  (await n.store.scripts.get(context, 'id-ann', 'main')).fault?.message;

describe('Sieve at delivery', () => {
  it('files, flags, and leaves others alone', async () => {
    await using n = await scripted({
      ann: 'require ["fileinto", "imap4flags", "copy"]; fileinto :copy :flags ["\\\\Seen", "$Work", "no(good"] "Lists/x";',
    });
    assert.deepEqual(await send(n, ['ann', 'bob']), ['250 2.1.5 Delivered', '250 2.1.5 Delivered']);
    for (const [name, mailbox] of [
      ['ann', 'Lists/x'],
      ['ann', 'INBOX'],
      ['bob', 'INBOX'],
    ] as const)
      assert.deepEqual(await inbox(n.store, name, mailbox), [STORED]);
    const { id: mailboxId } = await n.store.mailbox(context, 'id-ann', 'Lists/x');
    const ranges = [{ first: 1, last: 9 }];
    for await (const batch of n.store.flags(context, { accountId: 'id-ann', mailboxId }, ranges))
      assert.deepEqual(
        batch.map(({ keywords }) => keywords),
        [['$seen', '$work']],
      );
  });

  it('tells a script the address the message was sent to', async () => {
    await using n = await scripted({
      ann: 'require ["envelope", "subaddress", "fileinto"]; if envelope :detail "to" "lists" { fileinto "Lists"; }',
    });
    const recipient = route('ann', { recipient: 'ann+lists@a.test' });
    const recipients = [{ forwardPath: 'ann@a.test', parameters: parameters('ROUTE', recipient) }];
    await n.send({ recipients, body: MESSAGE });
    assert.deepEqual(await inbox(n.store, 'ann', 'Lists'), [STORED]);
  });

  it('discards what it is told to', async () => {
    await using n = await scripted({ ann: 'discard;' });
    assert.deepEqual(await send(n), ['250 2.1.5 Delivered']);
    assert.deepEqual(await inbox(n.store, 'ann'), []);
  });

  it('reads bodies and special uses', async () => {
    await using n = await scripted({
      ann: `require ["body", "fileinto", "special-use", "mailbox"];
        if allof (body :contains "the body", mailboxexists "Junk") { fileinto :specialuse "\\\\Junk" "Nowhere"; }`,
    });
    await send(n);
    assert.deepEqual(await inbox(n.store, 'ann', 'Junk'), [STORED]);
  });

  it('reads annotations', async () => {
    await using n = await scripted({
      ann: `require ["mboxmetadata", "servermetadata", "fileinto"];
        if allof (metadata :contains "INBOX" "/Private/Comment" "urgent", not metadataexists "INBOX" "/shared/comment",
          servermetadata "/private/vendor/acme/mode" "on", not metadataexists "Nowhere" "/private/comment") { fileinto "Yes"; }`,
    });
    const { id } = await n.store.mailbox(context, 'id-ann', 'INBOX');
    const set = (mailboxId: number | null, entry: string, value: string) =>
      n.store.annotations.set(context, 'id-ann', mailboxId, [{ entry, value: Buffer.from(value) }]);
    await set(id, '/private/comment', 'Urgent things');
    await set(null, '/private/vendor/acme/mode', 'on');
    await send(n);
    assert.deepEqual(await inbox(n.store, 'ann', 'Yes'), [STORED]);
  });

  it('reads a large body, and edits its header', async () => {
    await using n = await scripted({
      ann: `require ["body", "editheader"];
        if body :contains "needle" { addheader "X-Found" "yes"; }`,
    });
    const body = Buffer.concat([
      MESSAGE,
      Buffer.from(`${'x'.repeat(76)}\r\n`.repeat(3_000)),
      Buffer.from('needle\r\n'),
    ]);
    assert.deepEqual(await send(n, ['ann'], body), ['250 2.1.5 Delivered']);
    assert.deepEqual(await inbox(n.store, 'ann'), [`Return-Path: <s@x.test>\r\nX-Found: yes\r\n${body}`]);
  });

  it('redirects with its mark, the reverse-path kept, and ends circles with the message in the inbox', async () => {
    await using n = await scripted({ ann: 'redirect "away@elsewhere.test";' });
    assert.deepEqual(await send(n), ['250 2.1.5 Delivered']);
    assert.deepEqual(await inbox(n.store, 'ann'), []);
    const [entry] = await queued(n);
    assert.deepEqual(
      [entry?.reversePath, entry?.forwardPath, entry?.partnerId],
      ['s@x.test', 'away@elsewhere.test', 'p1'],
    );
    const text = await textOf(n, entry!);
    assert.equal(text, `X-Sieve-Redirected-From: ann@a.test\r\n${MESSAGE}`);
    await send(n, ['ann'], Buffer.from(text));
    assert.equal((await queued(n)).length, 1);
    assert.deepEqual(await inbox(n.store, 'ann'), [`Return-Path: <s@x.test>\r\n${text}`]);
    assert.match(
      (await faultOf(n)) ?? '',
      /redirect to away@elsewhere.test was not done: redirected by ann@a.test before/,
    );
  });

  it('redirects to an address beyond ASCII with SMTPUTF8', async () => {
    await using n = await scripted({ ann: 'redirect "jörg@elsewhere.test";' });
    await send(n);
    const [entry] = await queued(n);
    assert.deepEqual([entry?.forwardPath, entry?.parameters], ['jörg@elsewhere.test', { SMTPUTF8: '' }]);
  });

  it('answers while away, once a period', async () => {
    await using n = await scripted({ ann: 'require "vacation"; vacation :days 2 "Away.";' });
    await Promise.all([send(n), send(n)]);
    assert.equal((await inbox(n.store, 'ann')).length, 2);
    const [entry, ...more] = await queued(n);
    assert.deepEqual([entry?.reversePath, entry?.forwardPath, more.length], ['', 's@x.test', 0]);
    assert.match(await textOf(n, entry!), /^From: <ann@a.test>\r\nTo: <s@x.test>\r\nSubject: Auto: hello there\r\n/);
    await n.clock.advance(2 * 86_400_000 - 1);
    await send(n);
    assert.equal((await queued(n)).length, 1);
    await n.clock.advance(1);
    await send(n);
    assert.equal((await queued(n)).length, 2);
  });

  it('refuses one recipient with the reason and stores for the other', async () => {
    await using n = await scripted({ ann: 'require "reject"; reject "Nöt here.\r\nTry the office.";' });
    assert.deepEqual(await send(n, ['ann', 'bob']), ['550 5.7.1 Not here. Try the office.', '250 2.1.5 Delivered']);
    assert.deepEqual([await inbox(n.store, 'ann'), await inbox(n.store, 'bob')], [[], [STORED]]);
  });

  it('notifies', async () => {
    await using n = await scripted({ ann: 'require "enotify"; notify :message "mail!" "mailto:phone@x.test";' });
    await send(n);
    const [entry] = await queued(n);
    assert.deepEqual([entry?.reversePath, entry?.forwardPath], ['', 'phone@x.test']);
    assert.match(await textOf(n, entry!), /^Subject: mail!\r$/m);
  });

  it('knows a message again', async () => {
    await using n = await scripted({ ann: 'require "duplicate"; if duplicate { discard; }' });
    await send(n);
    await send(n);
    assert.equal((await inbox(n.store, 'ann')).length, 1);
    await n.clock.advance(8 * 86_400_000);
    await send(n);
    assert.equal((await inbox(n.store, 'ann')).length, 2);
  });

  it('includes the account’s other scripts', async () => {
    await using n = await scripted({ ann: 'require "include"; include "other";' });
    await n.store.scripts.put(context, 'id-ann', 'other', Buffer.from('discard;'));
    await send(n);
    assert.deepEqual(await inbox(n.store, 'ann'), []);
  });

  const faults: readonly [string, string, RegExp][] = [
    ['does not compile', 'fileinto "x";', /line 1, column 1: "fileinto" needs require/],
    [
      'fails as it runs',
      'require ["include", "fileinto"]; fileinto "A"; include "gone";',
      /line 1, column 48: no script "gone"/,
    ],
  ];
  for (const [name, script, fault] of faults)
    it(`a script that ${name} keeps the message and says why`, async () => {
      await using n = await scripted({ ann: script });
      assert.deepEqual(await send(n), ['250 2.1.5 Delivered']);
      assert.deepEqual(await inbox(n.store, 'ann'), [STORED]);
      assert.match((await faultOf(n)) ?? '', fault);
    });

  it('a store that does not answer a script keeps the message', async () => {
    await using n = await scripted({ ann: 'require "duplicate"; if duplicate { discard; }' });
    n.store.scripts.remembers = () => Promise.reject(new Error('broken'));
    assert.deepEqual(await send(n), ['250 2.1.5 Delivered']);
    assert.deepEqual(await inbox(n.store, 'ann'), [STORED]);
  });

  it('does nothing of what a full account asked for', async () => {
    await using n = await scripted(
      { ann: 'require ["copy", "vacation"]; redirect :copy "x@y.test"; vacation "Away";' },
      10,
    );
    const replies = await n.send({
      recipients: [to('ann', 10)],
      parameters: parameters('ORIGIN', origin),
      body: MESSAGE,
    });
    assert.deepEqual(replies, ['552 5.2.2 Message is larger than the mailbox']);
    assert.deepEqual(await queued(n), []);
  });
});
