import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { imapWorld, selectedWorld } from '../fixture.test.ts';

describe('IDLE and silence', () => {
  it('says it is still there', async () => {
    const { client, clock } = await selectedWorld(0);
    client.send('i IDLE\r\n');
    assert.equal(await client.response(), '+ idling');
    await clock.advance(120_000);
    assert.equal(await client.response(), '* OK Still here');
    client.send('done\r\n');
    assert.equal(await client.response(), 'i OK IDLE completed');
  });

  it('logs out who has sent nothing for half an hour, and nobody earlier', async () => {
    const world = imapWorld();
    const client = await world.client();
    await world.clock.advance(29 * 60_000);
    await client.ok('NOOP');
    await world.clock.advance(29 * 60_000);
    await client.ok('NOOP');
    await world.clock.advance(31 * 60_000);
    assert.equal(await client.response(), '* BYE Nothing heard for too long');
    assert.equal(await client.response(), null);
  });

  it('survives a client that goes away in the middle of anything', async () => {
    for (const text of [
      'a NO',
      'a IDLE\r\n',
      'a APPEND INBOX {10}\r\n',
      'a APPEND INBOX {10+}\r\nabc',
      'a SELECT {5}\r\nIN',
    ]) {
      const world = imapWorld();
      const client = await world.client();
      client.send(text);
      await world.clock.advance(10);
      client.close();
      await world.clock.advance(10);
      const other = await world.client();
      await other.ok('SELECT INBOX');
      assert.deepEqual(world.errors, []);
    }
  });
});
