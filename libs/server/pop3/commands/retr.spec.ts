import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTEXT, message, pop3World } from '../fixture.test.ts';

describe('RETR', () => {
  const bodies: readonly (readonly [what: string, stored: string, got: string])[] = [
    ['a plain one', message('x'), message('x')],
    ['lines of dots', message('x', '.\r\n..\r\n.a\r\n'), message('x', '.\r\n..\r\n.a\r\n')],
    ['no line end at the end', message('x', 'end'), message('x', 'end\r\n')],
    ['bare line feeds', message('x', 'a\nb\n'), message('x', 'a\r\nb\r\n')],
    ['eight bits', message('x', 'gr\xfc\xdfe\r\n'), message('x', 'gr\xfc\xdfe\r\n')],
    ['nothing at all', '', ''],
  ];
  for (const [what, stored, got] of bodies)
    it(`gives ${what}`, async () => {
      const client = await (await pop3World([stored])).client();
      client.send('RETR 1\r\n');
      assert.equal(await client.line(), `+OK ${stored.length} octets`);
      let text = '';
      for (let line = await client.line(); line !== '.'; line = await client.line())
        text += `${line?.replace(/^\./, '')}\r\n`;
      // The client reads UTF-8, so that eight bits are seen as replaced.
      assert.equal(text, Buffer.from(got, 'latin1').toString('utf8'));
    });

  it('gives a large one while the client reads slowly', async () => {
    const body = `${'x'.repeat(70)}\r\n`.repeat(100_000);
    const client = await (await pop3World([message('large', body)])).client();
    assert.equal((await client.list('RETR 1')).length, 100_003);
  });

  it('says so when the message was deleted or taken away', async () => {
    const world = await pop3World([message('one'), message('two'), message('three')]);
    const client = await world.client();
    await client.ok('DELE 1');
    await world.store.expunge(CONTEXT, world.ref, [{ first: 2, last: 2 }], { any: true });
    assert.equal(await client.command('RETR 1'), '-ERR This message is deleted');
    assert.equal(await client.command('RETR 2'), '-ERR This message is gone');
    assert.equal(await client.command('RETR 2'), '-ERR This message is gone');
    assert.deepEqual(await client.list('LIST'), [`3 ${message('three').length}`]);
    assert.equal((await client.list('RETR 3')).at(-1), 'body');
    assert.match(await client.command('RETR'), /^-ERR/);
  });
});
