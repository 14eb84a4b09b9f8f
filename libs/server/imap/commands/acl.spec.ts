import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ACCOUNT, CONTEXT, imapWorld, message } from '../fixture.test.ts';

const BOB = { accountId: 'b1', email: 'bob@example.test', partnerId: 'p1', quotaBytes: 1_000_000 };
const TEAM = '"Other Users/ann@example.test/team"';

/** Ann with a mailbox `team` of two messages, and Bob, on one volume. */
async function shared(rights = '') {
  const hers = imapWorld();
  const his = imapWorld({}, BOB, hers.store);
  const ann = await hers.client();
  const bob = await his.client();
  await ann.ok('CREATE team');
  for (const subject of ['one', 'two']) await ann.append('team', message(subject));
  if (rights) await ann.ok(`SETACL team bob@example.test ${rights}`);
  return { hers, his, ann, bob };
}

describe('sharing mailboxes', () => {
  it('gives, tells and takes rights', async () => {
    const { ann, bob } = await shared();
    assert.deepEqual(await ann.ok('MYRIGHTS team'), ['MYRIGHTS team lrswipkxteacd']);
    assert.deepEqual(await ann.ok('GETACL team'), ['ACL team ann@example.test lrswipkxteacd']);
    await ann.ok('SETACL team Bob@Example.test lr');
    await ann.ok('SETACL team bob@example.test +sw');
    await ann.ok('SETACL team bob@example.test -w');
    await ann.ok('SETACL team anyone l');
    assert.deepEqual(await ann.ok('GETACL team'), [
      'ACL team ann@example.test lrswipkxteacd anyone l bob@example.test lrs',
    ]);
    assert.deepEqual(await bob.ok(`MYRIGHTS ${TEAM}`), [`MYRIGHTS ${TEAM} lrs`]);
    assert.deepEqual(await ann.ok('LISTRIGHTS team bob@example.test'), [
      'LISTRIGHTS team bob@example.test "" l r s w i p k x t e a',
    ]);
    assert.deepEqual(await ann.ok('LISTRIGHTS team ann@example.test'), [
      'LISTRIGHTS team ann@example.test lrswipkxtea',
    ]);
    await ann.ok('DELETEACL team bob@example.test');
    await ann.ok('DELETEACL team anyone');
    assert.match((await bob.command(`MYRIGHTS ${TEAM}`)).tagged, /^NO \[NONEXISTENT\]/);
    for (const [command, answer] of [
      ['SETACL team nobody@example.test lr', /^NO \[CANNOT\]/],
      ['SETACL team ann@example.test lr', /^NO \[CANNOT\]/],
      ['SETACL team -bob@example.test lr', /^NO \[CANNOT\]/],
      ['SETACL team bob@example.test lq', /^BAD/],
      ['SETACL nowhere bob@example.test lr', /^NO \[NONEXISTENT\]/],
    ] as const)
      assert.match((await ann.command(command)).tagged, answer, command);
  });

  it('shows what is shared below its owner, and nothing else', async () => {
    const { ann, bob } = await shared('lr');
    assert.deepEqual(await bob.ok('NAMESPACE'), ['NAMESPACE (("" "/")) (("Other Users/" "/")) NIL']);
    assert.deepEqual(await bob.ok('LIST "" "Other Users/*"'), [
      'LIST (\\Noselect \\HasChildren) "/" "Other Users/ann@example.test"',
      `LIST (\\HasNoChildren) "/" ${TEAM}`,
    ]);
    assert.deepEqual(await bob.ok('LIST "" "Other Users/%/%" RETURN (STATUS (MESSAGES))'), [
      `LIST (\\HasNoChildren) "/" ${TEAM}`,
      `STATUS ${TEAM} (MESSAGES 2)`,
    ]);
    assert.deepEqual(await bob.ok(`STATUS ${TEAM} (MESSAGES UNSEEN)`), [`STATUS ${TEAM} (MESSAGES 2 UNSEEN 2)`]);
    for (const name of ['INBOX', 'team2', 'TEAM'])
      assert.match((await bob.command(`SELECT "Other Users/ann@example.test/${name}"`)).tagged, /^NO \[NONEXISTENT\]/);
    assert.match((await bob.command('CREATE "Other Users/x"')).tagged, /^NO/);
    await bob.ok(`SUBSCRIBE ${TEAM}`);
    assert.deepEqual(await bob.ok('LSUB "" "Other Users/*"'), [`LSUB () "/" ${TEAM}`]);
    assert.deepEqual(await ann.ok('LIST "" "Other Users*"'), []);
  });

  it('holds a reader to reading', async () => {
    const { ann, bob } = await shared('lr');
    const { tagged, untagged } = await bob.command(`SELECT ${TEAM}`);
    assert.match(tagged, /^OK \[READ-ONLY\]/);
    assert.ok(untagged.some((line) => line.includes('PERMANENTFLAGS ()')));
    assert.match((await bob.ok('FETCH 1 BODY[HEADER.FIELDS (SUBJECT)]'))[0] ?? '', /one/);
    for (const command of ['STORE 1 +FLAGS (\\Seen)', 'EXPUNGE', `APPEND ${TEAM} {3+}\r\nabc`, `COPY 1 ${TEAM}`])
      assert.match((await bob.command(command)).tagged, /^NO/, command);
    for (const command of [`DELETE ${TEAM}`, `RENAME ${TEAM} x`, `CREATE "Other Users/ann@example.test/team/x"`])
      assert.match((await bob.command(command)).tagged, /^NO \[(NOPERM|CANNOT)\]/, command);
    assert.deepEqual(await ann.ok('STATUS team (MESSAGES UNSEEN)'), ['STATUS team (MESSAGES 2 UNSEEN 2)']);
  });

  it('lets one do what one may', async () => {
    const { ann, bob } = await shared('lrsti');
    const opened = await bob.ok(`SELECT ${TEAM}`);
    assert.ok(
      opened.some((line) => line.includes('PERMANENTFLAGS (\\Deleted \\Seen)')),
      opened.join(),
    );
    await bob.ok('STORE 1 +FLAGS (\\Seen \\Flagged)');
    assert.match((await bob.command('STORE 1 +FLAGS (\\Deleted)')).tagged, /^OK/);
    assert.match((await bob.command('EXPUNGE')).tagged, /^NO \[NOPERM\]/);
    await bob.ok('CLOSE');
    await bob.append(TEAM, message('three'), '\\Seen \\Flagged');
    await ann.ok('SELECT team');
    assert.deepEqual(await ann.ok('FETCH 1:3 FLAGS'), [
      '1 FETCH (FLAGS (\\Deleted \\Seen))',
      '2 FETCH (FLAGS ())',
      '3 FETCH (FLAGS (\\Seen \\Recent))',
    ]);
  });

  it('copies and moves between accounts', async () => {
    const { ann, bob } = await shared('lrswite');
    await bob.append('INBOX', message('his'), '\\Flagged');
    await bob.ok('SELECT INBOX');
    assert.match((await bob.command(`COPY 1 ${TEAM}`)).tagged, /^OK \[COPYUID \d+ 1 3\]/);
    await bob.ok(`SELECT ${TEAM}`);
    const moved = await bob.ok('MOVE 1:2 INBOX');
    assert.match(moved.join(' '), /OK \[COPYUID \d+ 1:2 2:3\] Moved .*2 EXPUNGE 1 EXPUNGE/);
    assert.deepEqual(await bob.ok('FETCH 1 FLAGS'), ['1 FETCH (FLAGS (\\Flagged \\Recent))']);
    assert.deepEqual(await ann.ok('STATUS team (MESSAGES)'), ['STATUS team (MESSAGES 1)']);
    assert.deepEqual(await bob.ok('STATUS INBOX (MESSAGES)'), ['STATUS INBOX (MESSAGES 3)']);
  });

  it('tells each of what the other does, and ends when the right does', async () => {
    const { ann, bob } = await shared('lrs');
    await bob.ok(`SELECT ${TEAM}`);
    await ann.append('team', message('three'));
    assert.ok((await bob.ok('NOOP')).includes('3 EXISTS'));
    await ann.ok('DELETEACL team bob@example.test');
    await ann.append('team', message('four'));
    bob.send('n NOOP\r\n');
    assert.match((await bob.response()) ?? '', /^\* BYE/);
  });

  it('goes on in another’s mailbox after a takeover', async () => {
    const { his, ann } = await shared('lrs');
    const before = await his.leg();
    await before.client.ok(`SELECT ${TEAM}`);
    await ann.append('team', message('three'));
    const after = await his.leg(before.mark().state);
    const news = await after.client.ok('NOOP');
    assert.ok(news.includes('3 EXISTS'), news.join());
    await after.client.ok('STORE 3 +FLAGS (\\Seen)');
  });

  it('never shows another partner’s', async () => {
    const { hers, ann } = await shared('lr');
    const eve = await imapWorld(
      {},
      { ...BOB, accountId: 'e1', email: 'eve@example.test', partnerId: 'p2' },
      hers.store,
    ).client();
    assert.match((await ann.command('SETACL team eve@example.test lr')).tagged, /^NO \[CANNOT\]/);
    await ann.ok('SETACL team anyone lr');
    assert.deepEqual(await eve.ok('LIST "" "Other Users*"'), []);
    assert.match((await eve.command(`SELECT ${TEAM}`)).tagged, /^NO \[NONEXISTENT\]/);
    assert.equal((await hers.store.account(CONTEXT, ACCOUNT.accountId)).email, ACCOUNT.email);
  });
});
