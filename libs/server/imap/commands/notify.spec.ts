import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imapWorld, message } from '../fixture.test.ts';

const BOB = { accountId: 'b1', email: 'bob@example.test', partnerId: 'p1', quotaBytes: 1_000_000 };
const PERSONAL = 'NOTIFY SET (personal (MessageNew MessageExpunge))';

/** Two clients of one account: `ann` is told what `other` does. */
async function two() {
  const world = imapWorld();
  const ann = await world.client();
  const other = await world.client();
  await ann.ok('CREATE lists');
  return { world, ann, other };
}

/** Two clients with INBOX of two messages selected. */
async function twoSelected() {
  const { world, ann, other } = await two();
  for (const subject of ['one', 'two']) await other.append('INBOX', message(subject));
  await ann.ok('SELECT INBOX');
  await other.ok('SELECT INBOX');
  return { world, ann, other };
}

describe('NOTIFY, other mailboxes', () => {
  it('tells STATUS of a mailbox that messages come to and go from, without a command', async () => {
    const { ann, other } = await two();
    assert.deepEqual(await ann.ok(PERSONAL), []);
    await other.append('lists', message('x'));
    assert.match((await ann.response()) ?? '', /^\* STATUS lists \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+\)$/);
    await other.ok('SELECT lists');
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    // The flag was not asked for.
    assert.match((await ann.response()) ?? '', /^\* STATUS lists \(MESSAGES 0 UIDNEXT 2 UIDVALIDITY \d+\)$/);
  });

  it('tells of flags by HIGHESTMODSEQ where they are asked for', async () => {
    const { ann, other } = await two();
    await other.append('lists', message('x'));
    await ann.ok('NOTIFY SET (mailboxes lists (MessageNew MessageExpunge FlagChange))');
    await other.ok('SELECT lists');
    await other.ok('STORE 1 +FLAGS (\\Seen)');
    assert.match((await ann.response()) ?? '', /^\* STATUS lists \(MESSAGES 1 .*HIGHESTMODSEQ \d+\)$/);
  });

  it('begins with STATUS where that is asked for', async () => {
    const { ann, other } = await two();
    await other.append('lists', message('x'));
    const told = await ann.ok(
      'NOTIFY SET STATUS (mailboxes (lists nowhere) (MessageNew MessageExpunge)) (subtree Sent NONE)',
    );
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^STATUS lists \(MESSAGES 1/);
  });

  it('is silent of the selected mailbox, whose events are SELECTED', async () => {
    const { ann, other } = await twoSelected();
    await ann.ok(PERSONAL);
    await other.append('INBOX', message('x'));
    await other.append('lists', message('x'));
    assert.match((await ann.response()) ?? '', /^\* STATUS lists/);
    assert.deepEqual(await ann.ok('NOOP'), []);
  });

  it('tells the same in IDLE', async () => {
    const { ann, other } = await two();
    await ann.ok(PERSONAL);
    ann.send('i IDLE\r\n');
    assert.equal(await ann.response(), '+ idling');
    await other.append('lists', message('x'));
    assert.match((await ann.response()) ?? '', /^\* STATUS lists/);
    ann.send('DONE\r\n');
    assert.equal(await ann.response(), 'i OK IDLE completed');
  });

  it('tells of names and subscriptions', async () => {
    const { ann, other } = await two();
    await ann.ok('NOTIFY SET (personal (MailboxName SubscriptionChange))');
    await other.ok('CREATE made');
    assert.equal(await ann.response(), '* LIST (\\HasNoChildren) "/" made');
    await other.ok('RENAME made "new name"');
    assert.equal(await ann.response(), '* LIST (\\HasNoChildren) "/" "new name" ("OLDNAME" (made))');
    await other.ok('SUBSCRIBE "new name"');
    assert.equal(await ann.response(), '* LIST (\\HasNoChildren \\Subscribed) "/" "new name"');
    await other.ok('UNSUBSCRIBE "new name"');
    assert.equal(await ann.response(), '* LIST (\\HasNoChildren) "/" "new name"');
    await other.ok('DELETE "new name"');
    assert.equal(await ann.response(), '* LIST (\\NonExistent \\HasNoChildren) "/" "new name"');
  });

  it('follows subscriptions, and a subtree', async () => {
    const { ann, other } = await two();
    await ann.ok(
      'NOTIFY SET (subscribed (MessageNew MessageExpunge)) (subtree work (MailboxName MessageNew MessageExpunge))',
    );
    await other.append('lists', message('not heard'));
    await other.ok('SUBSCRIBE lists');
    await other.append('lists', message('heard'));
    assert.match((await ann.response()) ?? '', /^\* STATUS lists \(MESSAGES 2/);
    await other.ok('CREATE work/a');
    assert.equal(await ann.response(), '* LIST (\\HasChildren) "/" work');
    assert.equal(await ann.response(), '* LIST (\\HasNoChildren) "/" work/a');
    await other.append('work/a', message('heard'));
    assert.match((await ann.response()) ?? '', /^\* STATUS work\/a \(MESSAGES 1/);
  });

  it('tells which annotations changed', async () => {
    const { ann, other } = await two();
    await ann.ok('NOTIFY SET (mailboxes lists (MailboxMetadataChange ServerMetadataChange))');
    await other.ok('SETMETADATA lists (/shared/comment "x" /private/comment "y")');
    assert.equal(await ann.response(), '* METADATA lists /shared/comment /private/comment');
    await other.ok('SETMETADATA INBOX (/shared/comment "x")');
    await other.ok('SETMETADATA "" (/shared/comment "x")');
    assert.equal(await ann.response(), '* METADATA "" /shared/comment');
    await other.ok('SETMETADATA lists (/shared/comment NIL)');
    assert.equal(await ann.response(), '* METADATA lists /shared/comment');
  });

  it('tells of what others share, as far as it may be read', async () => {
    const { world, ann } = await two();
    const bob = await imapWorld({}, BOB, world.store).client();
    await ann.ok('CREATE shown');
    await ann.ok('SETACL lists bob@example.test lr');
    await ann.ok('SETACL shown bob@example.test l');
    const told = await bob.ok('NOTIFY SET STATUS (subtree "Other Users" (MessageNew MessageExpunge MailboxName))');
    assert.match(told[0] ?? '', /^STATUS "Other Users\/ann@example\.test\/lists" \(MESSAGES 0/);
    assert.equal(told[1], 'LIST (\\NoAccess) "/" "Other Users/ann@example.test/shown"');
    await ann.append('shown', message('x'));
    await ann.append('lists', message('x'));
    assert.match((await bob.response()) ?? '', /^\* STATUS "Other Users\/ann@example\.test\/lists" \(MESSAGES 1/);
    await ann.ok('DELETEACL lists bob@example.test');
    assert.match((await bob.response()) ?? '', /^\* LIST \(\\NonExistent .*\/lists"$/);
    await ann.ok('SETACL lists bob@example.test lr');
    assert.match((await bob.response()) ?? '', /^\* LIST \(\\HasNoChildren\) .*\/lists"$/);
  });
});

describe('NOTIFY, the selected mailbox', () => {
  it('tells at once what comes, with what was asked, and what goes', async () => {
    const { ann, other } = await twoSelected();
    await ann.ok(
      'NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange))',
    );
    await other.append('INBOX', message('three'));
    assert.equal(await ann.response(), '* 3 EXISTS');
    assert.match((await ann.response()) ?? '', /^\* 3 RECENT|^\* \d RECENT/);
    assert.match(
      (await ann.response()) ?? '',
      /^\* 3 FETCH \(UID 3 BODY\[HEADER\.FIELDS \(SUBJECT\)\] \{18\}\r\nSubject: three\r\n\r\n\)$/,
    );
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    assert.match((await ann.response()) ?? '', /^\* 1 FETCH \(UID 1 FLAGS \(\\Deleted.*\)\)$/);
    await other.ok('EXPUNGE');
    assert.equal(await ann.response(), '* 1 EXPUNGE');
  });

  it('keeps expunges for the next command where they are to be delayed', async () => {
    const { ann, other } = await twoSelected();
    await ann.ok('NOTIFY SET (selected-delayed (MessageNew MessageExpunge))');
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    await other.append('INBOX', message('three'));
    assert.equal(await ann.response(), '* 3 EXISTS');
    assert.match((await ann.response()) ?? '', /RECENT$/);
    assert.deepEqual(await ann.ok('NOOP'), ['1 EXPUNGE']);
  });

  it('sets no \\Seen by what is told', async () => {
    const { ann, other } = await twoSelected();
    await ann.ok('NOTIFY SET (selected (MessageNew (BODY[TEXT]) MessageExpunge))');
    await other.append('INBOX', message('three'));
    for (let i = 0; i < 3; i++) await ann.response();
    assert.match((await ann.ok('UID FETCH 3 (FLAGS)'))[0] ?? '', /FLAGS \((\\Recent)?\)/);
  });

  it('keeps the mailbox as it was after NOTIFY NONE, until it is asked for again', async () => {
    const { ann, other } = await twoSelected();
    await ann.ok('NOTIFY NONE');
    await other.append('INBOX', message('three'));
    await other.ok('STORE 1 +FLAGS (\\Deleted)');
    await other.ok('EXPUNGE');
    assert.deepEqual(await ann.ok('NOOP'), []);
    ann.send('i IDLE\r\n');
    assert.equal(await ann.response(), '+ idling');
    ann.send('DONE\r\n');
    assert.equal(await ann.response(), 'i OK IDLE completed');
    const told = await ann.ok('NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))');
    assert.deepEqual(told.slice(0, 2), ['1 EXPUNGE', '2 EXISTS']);
  });

  it('still tells what the client does itself', async () => {
    const { ann } = await twoSelected();
    await ann.ok('NOTIFY NONE');
    assert.match((await ann.ok('STORE 1 +FLAGS (\\Deleted)'))[0] ?? '', /^1 FETCH .*\\Deleted/);
    assert.deepEqual(await ann.ok('EXPUNGE'), ['1 EXPUNGE']);
  });

  it('remembers flags it did not tell', async () => {
    const { ann, other } = await twoSelected();
    await ann.ok('NOTIFY SET (selected (MessageNew MessageExpunge))');
    await other.ok('STORE 2 +FLAGS (\\Flagged)');
    await other.append('INBOX', message('three'));
    assert.equal(await ann.response(), '* 3 EXISTS');
    await ann.response();
    const told = await ann.ok('NOTIFY SET (selected (MessageNew MessageExpunge FlagChange))');
    assert.match(told.join('\n'), /^2 FETCH \(UID 2 FLAGS \(\\Flagged/m);
  });
});

describe('NOTIFY, refusals', () => {
  const BAD = [
    'NOTIFY SET',
    'NOTIFY MAYBE',
    'NOTIFY SET (selected (MessageNew))',
    'NOTIFY SET (selected (FlagChange))',
    'NOTIFY SET (selected (MessageNew MessageExpunge)) (selected-delayed (MessageNew MessageExpunge))',
    'NOTIFY SET (selected (MessageNew MessageExpunge MailboxName))',
    'NOTIFY SET (everything (MessageNew MessageExpunge))',
    'NOTIFY SET (personal (MailboxName (UID)))',
    'NOTIFY SET (personal ())',
    'NOTIFY SET (mailboxes () (MailboxName))',
    'NOTIFY NONE now',
  ];
  for (const command of BAD)
    it(`${command} is BAD`, async () => {
      const client = await imapWorld().client();
      assert.match((await client.command(command)).tagged, /^BAD/);
    });

  it('names its events to who asks for others', async () => {
    const client = await imapWorld().client();
    assert.match(
      (await client.command('NOTIFY SET (selected (MessageNew MessageExpunge AnnotationChange))')).tagged,
      /^NO \[BADEVENT \(MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange\)\]/,
    );
  });

  it('watches so many mailboxes and no more', async () => {
    const world = imapWorld({ notifyMailboxesMax: 7 });
    const ann = await world.client();
    const other = await world.client();
    const { length } = await ann.ok('LIST "" *');
    for (let i = length; i < 7; i++) await ann.ok(`CREATE box${i}`);
    await ann.ok('NOTIFY SET (personal (MailboxName))');
    await other.ok('CREATE "one more"');
    assert.match((await ann.response()) ?? '', /^\* OK \[NOTIFICATIONOVERFLOW\]/);
    assert.match((await ann.command('NOTIFY SET (personal (MailboxName))')).tagged, /^NO \[NOTIFICATIONOVERFLOW\]/);
  });
});

describe('NOTIFY and a change of owner', () => {
  it('goes on from its mark', async () => {
    const { world } = await two();
    const other = await world.client();
    const leg = await world.leg();
    await leg.client.ok(
      'NOTIFY SET (personal (MessageNew MessageExpunge MailboxName)) (selected (MessageNew MessageExpunge))',
    );
    const { state } = leg.mark();
    leg.client.close();
    await other.append('lists', message('meanwhile'));
    const next = await world.leg(state);
    assert.match((await next.client.response()) ?? '', /^\* STATUS lists \(MESSAGES 1/);
    await other.ok('CREATE later');
    assert.equal(await next.client.response(), '* LIST (\\HasNoChildren) "/" later');
  });

  it('says that it is lost where it was too long to travel', async () => {
    const { world } = await two();
    const leg = await world.leg();
    const names = Array.from({ length: 200 }, (_, i) => `a-mailbox-by-name-${i}`).join(' ');
    await leg.client.ok(`NOTIFY SET (mailboxes (${names}) (MessageNew MessageExpunge))`);
    const { state } = leg.mark();
    leg.client.close();
    const next = await world.leg(state);
    assert.match((await next.client.response()) ?? '', /^\* OK \[NOTIFICATIONOVERFLOW\]/);
  });

  it('says that it is lost where names have changed meanwhile', async () => {
    const { world } = await two();
    const other = await world.client();
    const leg = await world.leg();
    await leg.client.ok('NOTIFY SET (personal (MailboxName))');
    const { state } = leg.mark();
    leg.client.close();
    await other.ok('DELETE lists');
    const next = await world.leg(state);
    assert.match((await next.client.response()) ?? '', /^\* OK \[NOTIFICATIONOVERFLOW\]/);
  });
});
