import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect } from '#stdx';
import { SmtpDialogue } from './smtp-dialogue.ts';
import { type HubWorld, hubWorld, inbox } from './world.ts';

const MESSAGE =
  'From: a@outside.test\r\nTo: alice@acme.test\r\nSubject: hello\r\nMessage-ID: <1@outside.test>\r\n\r\nbody\r\n';

async function mx(world: HubWorld): Promise<SmtpDialogue> {
  const client = new SmtpDialogue(world.open(world.ports.mx));
  assert.match(await client.reply(), /^220 /);
  assert.match(await client.say('EHLO client.test'), /^250-/);
  return client;
}

const storeOf = (world: HubWorld) => world.nodes[0].stores.get(world.volumes[0].id)!;

/** Alice's active script. */
async function script(world: HubWorld, text: string): Promise<void> {
  const { id, email, partnerId } = world.alice;
  const store = storeOf(world);
  await store.ensureAccount(world.system, { accountId: id, email, partnerId, quotaBytes: 0 });
  await store.scripts.put(world.system, id, 'main', Buffer.from(text));
  await store.scripts.activate(world.system, id, 'main');
}

async function queued(
  world: HubWorld,
): Promise<{ readonly from: string; readonly to: string; readonly text: string }[]> {
  const store = storeOf(world);
  const entries = await store.queueEntries({ limit: 100 });
  return Promise.all(
    entries.map(async ({ reversePath, forwardPath, blobId }) => {
      const text = (await collect(store.read(blobId), 1 << 20)).toString();
      return { from: reversePath, to: forwardPath, text };
    }),
  );
}

describe('scripts behind the hub', () => {
  it('a refusal reaches the sender while he is on the line', async () => {
    await using world = await hubWorld();
    await script(world, 'require "reject"; reject "No mail, please.";');
    const client = await mx(world);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^550 .*No mail, please\./);
    assert.deepEqual(await inbox(storeOf(world), world.alice.id), []);
    assert.deepEqual(await queued(world), []);
  });

  it('one of several recipients who refuses is told of in a bounce; the others have the message', async () => {
    await using world = await hubWorld();
    await script(world, 'require "reject"; reject "No mail, please.";');
    const client = await mx(world);
    assert.match(await client.send('a@outside.test', ['alice@acme.test', 'carol@acme.test'], MESSAGE), /^250 /);
    assert.equal((await inbox(storeOf(world), world.carol.id)).length, 1);
    const [bounce, ...more] = await queued(world);
    assert.deepEqual([bounce?.from, bounce?.to, more.length], ['', 'a@outside.test', 0]);
    assert.match(bounce!.text, /No mail, please\./);
    assert.match(bounce!.text, /Final-Recipient: rfc822; ?alice@acme\.test/);
  });

  it('mail by an alias is answered in the name of the account', async () => {
    await using world = await hubWorld();
    await script(world, 'require ["vacation", "envelope"]; if envelope "to" "team@acme.test" { vacation "Away."; }');
    const client = await mx(world);
    const message = MESSAGE.replace('To: alice@', 'To: team@');
    assert.match(await client.send('a@outside.test', ['team@acme.test'], message), /^250 /);
    const answers = (await queued(world)).filter(({ to }) => to === 'a@outside.test');
    assert.equal(answers.length, 1);
    assert.match(answers[0]!.text, /^From: <alice@acme\.test>\r\nTo: <a@outside\.test>\r\nSubject: Auto: hello\r\n/);
  });

  it('a detail is known on another volume too', async () => {
    await using world = await hubWorld();
    const client = await mx(world);
    const to = ['alice@acme.test', 'bob+lists@acme.test'];
    assert.match(await client.send('a@outside.test', to, MESSAGE), /^250 /);
    assert.deepEqual(
      (await queued(world)).map((entry) => entry.to),
      ['bob+lists@acme.test'],
    );
  });

  it('what is redirected leaves by the queue, with its sender', async () => {
    await using world = await hubWorld();
    await script(world, 'require "copy"; redirect :copy "bob@acme.test";');
    const client = await mx(world);
    assert.match(await client.send('a@outside.test', ['alice@acme.test'], MESSAGE), /^250 /);
    const [entry, ...more] = await queued(world);
    assert.deepEqual([entry?.from, entry?.to, more.length], ['a@outside.test', 'bob@acme.test', 0]);
    assert.match(entry!.text, /^X-Sieve-Redirected-From: alice@acme\.test\r\nReceived: /);
    assert.equal((await inbox(storeOf(world), world.alice.id)).length, 1);
  });
});
