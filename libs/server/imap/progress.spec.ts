import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { SimulatedClock, until } from '#testing';
import { ACCOUNT, imapWorld, message } from './fixture.test.ts';

/** A search that takes until it is let go. */
class SlowStore extends MemoryMailStore {
  letGo: (() => void) | null = null;
  tell: ((done: number, goal: number) => void) | undefined;

  override async search(...args: Parameters<MemoryMailStore['search']>) {
    this.tell = args[3];
    await new Promise<void>((resolve) => {
      this.letGo = resolve;
    });
    return super.search(...args);
  }
}

describe('a command that takes long', () => {
  for (const [tag, told] of [
    ['a1', '"a1"'],
    ['a]1', 'NIL'],
  ] as const)
    it(`says so, tag ${tag}`, async () => {
      const clock = new SimulatedClock();
      const store = new SlowStore({ parse: () => messageParser(), clock });
      const world = imapWorld({ progressMs: 10_000 }, ACCOUNT, store);
      const client = await world.client();
      await client.append('INBOX', message('x'));
      await client.ok('EXAMINE Sent');
      client.send(`${tag} SEARCH SUBJECT x\r\n`);
      await until('the search to begin', () => store.letGo !== null);
      await world.clock.advance(9_000);
      await world.clock.advance(1_000);
      assert.equal(await client.line(), `* OK [INPROGRESS (${told} NIL NIL)] Still at it`);
      await world.clock.advance(10_000);
      assert.equal(await client.line(), `* OK [INPROGRESS (${told} NIL NIL)] Still at it`);
      store.tell?.(300, 1_000);
      await world.clock.advance(10_000);
      assert.equal(await client.line(), `* OK [INPROGRESS (${told} 300 1000)] Still at it`);
      store.letGo?.();
      assert.equal(await client.line(), '* SEARCH');
      assert.match((await client.line()) ?? '', / OK SEARCH completed$/);
      await world.clock.advance(60_000);
      client.send('b NOOP\r\n');
      assert.equal(await client.line(), 'b OK NOOP completed');
    });
});
