import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodePreface } from '#protocol/handover';
import { until } from '#testing';
import { CLUSTER_KEY } from './nodes.ts';
import { SmtpDialogue } from './smtp-dialogue.ts';
import { type HubWorld, hubWorld, inbox, passwordOf } from './world.ts';

const MESSAGE = 'From: a@outside.test\r\nSubject: s\r\n\r\nbody\r\n.dot\r\n';

async function dialogue(world: HubWorld, port: 'mx' | 'submission' = 'mx'): Promise<SmtpDialogue> {
  const client = new SmtpDialogue(world.open(world.ports[port]));
  assert.match(await client.reply(), /^220 /);
  assert.match(await client.say('EHLO client.test'), /^250-/);
  return client;
}

async function submitter(world: HubWorld, email = 'alice@acme.test'): Promise<SmtpDialogue> {
  const client = await dialogue(world, 'submission');
  const plain = Buffer.from(`\0${email}\0${passwordOf(email)}`).toString('base64');
  assert.match(await client.say(`AUTH PLAIN ${plain}`), /^235 /);
  return client;
}

const queued = (world: HubWorld, node: 0 | 1) =>
  world.nodes[node].stores.get(world.volumes[node].id)!.queueEntries({ limit: 100 });
const storeOf = (world: HubWorld, node: 0 | 1) => world.nodes[node].stores.get(world.volumes[node].id)!;

describe('mail from outside', () => {
  it('is in the mailbox when it is answered 250, with where it came from on top', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    const reply = await client.send('a@outside.test', ['alice@acme.test'], MESSAGE);
    const id = /^250 2\.0\.0 (\S+) accepted$/.exec(reply)?.[1];
    assert.ok(id, reply);
    const [text = ''] = await inbox(storeOf(world, 0), world.alice.id);
    const header = text.slice(0, text.indexOf('From:'));
    assert.match(header, /^Return-Path: <a@outside\.test>\r\nReceived: from client\.test \(\[127\.0\.0\.1\]\)/);
    assert.ok(header.includes(`id ${id}`) && header.includes('for <alice@acme.test>'), header);
    assert.ok(text.endsWith(MESSAGE));
    const lmtp = world.nodes[0].prefaces.filter(({ kind }) => kind === 'lmtp');
    await client.send('a@outside.test', ['alice@acme.test'], MESSAGE);
    assert.equal(world.nodes[0].prefaces.filter(({ kind }) => kind === 'lmtp').length, lmtp.length, 'one connection');
  });

  it('goes to each account once, and by the queue to other volumes', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    const to = ['team@acme.test', 'alice+news@acme.test', 'alice@acme.test'];
    assert.match(await client.send('a@outside.test', to, MESSAGE), /^250 /);
    const texts = await inbox(storeOf(world, 0), world.alice.id);
    assert.equal(texts.length, 1);
    assert.doesNotMatch(texts[0]!, /\r\n\tfor </, 'several recipients are not told of each other');
    const entries = await queued(world, 0);
    assert.deepEqual(
      entries.map(({ forwardPath, reversePath, partnerId }) => [forwardPath, reversePath, partnerId]),
      [['bob@acme.test', 'a@outside.test', world.partner.id]],
    );
    assert.equal(entries[0]!.parameters['ORCPT'], 'rfc822;team@acme.test');
  });

  it('rests in a queue when it only leads elsewhere', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    assert.match(await client.send('a@outside.test', ['out@acme.test'], MESSAGE), /^250 /);
    const all = [...(await queued(world, 0)), ...(await queued(world, 1))];
    assert.deepEqual(
      all.map(({ forwardPath }) => forwardPath),
      ['someone@elsewhere.test'],
    );
  });

  it('is refused where it must be', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    await client.say('MAIL FROM:<a@outside.test>');
    for (const [line, expected] of [
      ['RCPT TO:<nobody@acme.test>', '550 5.1.1 No such user here'],
      ['RCPT TO:<someone@elsewhere.test>', '550 5.7.1 Relaying denied'],
      ['RCPT TO:<Postmaster>', '250 2.1.5 OK'],
    ] as const)
      assert.equal(await client.say(line), expected);
    world.lookup.unavailable = true;
    assert.match(await client.say('RCPT TO:<bob@acme.test>'), /^451 4\.4\.3 /);
    assert.equal(await client.say('RCPT TO:<nobody@acme.test>'), '550 5.1.1 No such user here', 'remembered');
  });

  it('goes round no circles', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    const hops = (count: number): string => 'Received: from x by y; now\r\n'.repeat(count) + MESSAGE;
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], hops(50)), /^250 /);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], hops(51)), /^554 5\.4\.6 /);
    const large = `X: ${'y'.repeat(900)}\r\n`.repeat(300);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], `${large}\r\nbody\r\n`), /^552 5\.3\.4 /);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^250 /);
  });

  it('of any size passes through unchanged', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    const body = Array.from({ length: 40_000 }, (_, line) => `${line} ${'x'.repeat(line % 70)}\r\n`).join('');
    const text = `From: a@outside.test\r\n\r\n${body}`;
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], text), /^250 /);
    const [stored = ''] = await inbox(storeOf(world, 0), world.alice.id);
    assert.ok(stored.endsWith(text));
  });

  it('that begins with its body keeps it as its body', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], 'no header here\r\n'), /^250 /);
    const [stored = ''] = await inbox(storeOf(world, 0), world.alice.id);
    assert.match(stored, /\+0000\r\n\r\nno header here\r\n$/);
  });
});

describe('when some get it and some do not', () => {
  const large = `From: a@acme.test\r\nSubject: too large for Carol\r\n\r\n${'x'.repeat(70)}\r\n`.padEnd(3_000, 'y\r\n');

  it('the sender hears of it in a bounce, and nobody gets it twice', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    const to = ['alice@acme.test', 'carol@acme.test'];
    assert.match(await client.send('a@outside.test', to, `${large}\r\n`), /^250 /);
    assert.equal((await inbox(storeOf(world, 0), world.alice.id)).length, 1);
    assert.equal((await inbox(storeOf(world, 0), world.carol.id)).length, 0);
    const entries = await queued(world, 0);
    assert.deepEqual(
      entries.map(({ forwardPath, reversePath }) => [forwardPath, reversePath]),
      [['a@outside.test', '']],
    );
  });

  it('a sender of ours has the bounce in the mailbox', async () => {
    await using world = await hubWorld();
    const client = await submitter(world);
    assert.match(await client.send('alice@acme.test', ['alice@acme.test', 'carol@acme.test'], `${large}\r\n`), /^250 /);
    const [, bounce = ''] = await inbox(storeOf(world, 0), world.alice.id);
    assert.match(bounce, /^Return-Path: <>\r\n/);
    assert.match(bounce, /Final-Recipient: rfc822; ?carol@acme\.test\r\n/);
    assert.match(bounce, /Status: 5\.2\.2\r\n/);
    assert.match(bounce, /Subject: too large for Carol/);
  });

  it('nobody is told of mail from nobody, or who asked not to be', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    assert.match(await client.send('', ['alice@acme.test', 'carol@acme.test'], `${large}\r\n`), /^250 /);
    await client.say('MAIL FROM:<a@outside.test>');
    await client.say('RCPT TO:<alice@acme.test>');
    await client.say('RCPT TO:<carol@acme.test> NOTIFY=NEVER');
    await client.say('DATA');
    assert.match(await client.say(`${large}\r\n.`), /^250 /);
    assert.deepEqual(await queued(world, 0), []);
  });

  it('nobody got it: the client hears why', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    assert.match(await client.send('a@outside.test', ['carol@acme.test'], `${large}\r\n`), /^552 5\.2\.2 /);
  });
});

describe('submission', () => {
  it('wants a sign-in, and an address of one’s own', async () => {
    await using world = await hubWorld();
    const stranger = await dialogue(world, 'submission');
    assert.match(await stranger.say('MAIL FROM:<alice@acme.test>'), /^530 5\.7\.0 /);
    const wrong = Buffer.from('\0alice@acme.test\0wrong').toString('base64');
    assert.match(await stranger.say(`AUTH PLAIN ${wrong}`), /^535 5\.7\.8 /);
    const client = await submitter(world);
    assert.match(await client.say('MAIL FROM:<bob@acme.test>'), /^553 5\.7\.1 /);
    assert.match(await client.say('MAIL FROM:<team@acme.test>'), /^250 /);
    await client.say('RSET');
    await world.registry.updateAccount(world.system, world.alice.id, undefined, { state: 'suspended' });
    assert.match(await client.say('MAIL FROM:<alice@acme.test>'), /^550 5\.7\.1 /);
  });

  it('goes anywhere by the queue, with what a message must have', async () => {
    await using world = await hubWorld();
    const client = await submitter(world);
    assert.match(await client.send('alice@acme.test', ['someone@elsewhere.test'], 'Subject: x\r\n\r\nhi\r\n'), /^250 /);
    const [entry] = await queued(world, 0);
    assert.equal(entry?.forwardPath, 'someone@elsewhere.test');
    assert.equal(entry?.partnerId, world.partner.id);
    const client2 = await submitter(world, 'bob@acme.test');
    assert.match(await client2.send('bob@acme.test', ['alice@acme.test'], 'Subject: x\r\n\r\nhi\r\n'), /^250 /);
    const [text = ''] = await inbox(storeOf(world, 0), world.alice.id);
    assert.match(text, /\r\nDate: .* \+0000\r\nMessage-ID: <[0-9a-f-]{36}@hub\.test>\r\nSubject: x\r\n/);
    const complete = 'Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n';
    assert.match(await client2.send('bob@acme.test', ['alice@acme.test'], complete), /^250 /);
    const [, second = ''] = await inbox(storeOf(world, 0), world.alice.id);
    assert.equal(second.match(/^(Date|Message-ID):/gm)?.length, 2);
  });
});

describe('an account that has sent as much as it may in a day', () => {
  it('is refused for now, recipient by recipient', async () => {
    await using world = await hubWorld({ accounts: { sessionsMax: 10, recipientsPerDayMax: 3 } });
    const client = await submitter(world);
    const text = 'Subject: x\r\n\r\nhi\r\n';
    assert.match(await client.send('alice@acme.test', ['a@elsewhere.test', 'b@elsewhere.test'], text), /^250 /);
    assert.match(await client.say('MAIL FROM:<alice@acme.test>'), /^250 /);
    assert.match(await client.say('RCPT TO:<c@elsewhere.test>'), /^250 /);
    assert.match(await client.say('RCPT TO:<d@elsewhere.test>'), /^450 4\.7\.1 /);
    await client.say('RSET');
    const other = await submitter(world, 'bob@acme.test');
    assert.match(await other.send('bob@acme.test', ['a@elsewhere.test'], text), /^250 /);
  });
});

describe('the relay port', () => {
  async function fromNode(world: HubWorld, key = CLUSTER_KEY): Promise<SmtpDialogue> {
    const port = world.ports.relay;
    const socket = world.nodeTrust.connect({ role: 'hub', memberId: 'hub1', host: '127.0.0.1', port });
    socket.write(encodePreface({ kind: 'lmtp', hub: 'node1', issuedAt: Date.now(), nonce: 'n' }, key));
    return new SmtpDialogue(socket);
  }

  it('brings what a node has queued to its home', async () => {
    await using world = await hubWorld();
    const node = await fromNode(world);
    assert.equal(await node.reply(), '+OK');
    assert.match(await node.reply(), /^220 /);
    await node.say('LHLO node1');
    await node.say('MAIL FROM:<a@outside.test>');
    await node.say('RCPT TO:<bob@acme.test>');
    await node.say('RCPT TO:<someone@elsewhere.test>');
    await node.say('DATA');
    assert.match(await node.say(`${MESSAGE}.`), /^250 /);
    assert.equal((await inbox(storeOf(world, 1), world.bob.id)).length, 1);
    node.socket.destroy();
  });

  it('is nobody else’s', async () => {
    await using world = await hubWorld();
    const stranger = await fromNode(world, Buffer.alloc(32, 8));
    assert.match(await stranger.reply(), /^-ERR DENIED/);
    assert.equal(await stranger.reply(), '(closed)');
  });
});

describe('mail while a volume changes hands', () => {
  it('waits for the next owner', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    await world.nodes[0].kill();
    const sending = client.send('a@outside.test', ['alice@acme.test'], MESSAGE);
    setTimeout(() => void world.give(0, 1), 300);
    assert.match(await sending, /^250 /);
    assert.equal((await inbox(world.nodes[1].stores.get(world.volumes[0].id)!, world.alice.id)).length, 1);
  });

  it('is refused for now when there is none in time', async () => {
    await using world = await hubWorld({ mailWaitMs: 200 });
    const client = await dialogue(world);
    await world.nodes[0].kill();
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^451 4\.3\.2 /);
    await world.give(0, 1);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^250 /);
  });

  it('lost in the middle is refused for now, and is not there', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    await client.say('MAIL FROM:<a@outside.test>');
    await client.say('RCPT TO:<alice@acme.test>');
    await client.say('DATA');
    client.socket.write(`Subject: long\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(3_000)}`);
    await until('bytes on their way', () => world.lanes.figures.connections === 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await world.nodes[0].kill();
    assert.match(await client.say('end\r\n.'), /^451 4\.3\.2 /);
    const store = await world.give(0, 1);
    assert.equal((await inbox(store, world.alice.id)).length, 0);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^250 /);
    assert.equal((await inbox(store, world.alice.id)).length, 1);
  });

  it('leaves nothing of a message whose client went away', async () => {
    await using world = await hubWorld();
    const client = await dialogue(world);
    await client.say('MAIL FROM:<a@outside.test>');
    await client.say('RCPT TO:<alice@acme.test>');
    await client.say('DATA');
    client.socket.write(`Subject: long\r\n\r\n${`${'x'.repeat(70)}\r\n`.repeat(3_000)}`);
    await until('bytes on their way', () => world.lanes.figures.connections === 1);
    client.socket.destroy();
    const other = await dialogue(world);
    assert.match(await other.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^250 /);
    assert.equal((await inbox(storeOf(world, 0), world.alice.id)).length, 1);
  });
});
