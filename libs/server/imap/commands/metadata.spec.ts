import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MemoryMailStore } from '#mailstore/memory';
import { messageParser } from '#protocol/message';
import { systemClock } from '#stdx';
import { ACCOUNT, imapWorld } from '../fixture.test.ts';

describe('GETMETADATA and SETMETADATA', () => {
  it('carry any bytes', async () => {
    const client = await imapWorld().client();
    await client.ok('SETMETADATA INBOX (/private/bytes ~{3}', Buffer.from('a\0b)'));
    assert.deepEqual(await client.ok('GETMETADATA INBOX /private/bytes'), [
      'METADATA INBOX (/private/bytes ~{3}\r\na\0b)',
    ]);
  });

  it('say which limit was met', async () => {
    const limits = { annotationBytesMax: 4, annotationsMax: 1 };
    const store = new MemoryMailStore({ parse: () => messageParser(), clock: systemClock, limits });
    const client = await imapWorld({ annotationBytesMax: 4 }, ACCOUNT, store).client();
    assert.match((await client.command('SETMETADATA "" (/shared/a "12345")')).tagged, /^NO \[METADATA MAXSIZE 4\]/);
    await client.ok('SETMETADATA "" (/shared/a "1234")');
    assert.match((await client.command('SETMETADATA "" (/shared/b "1")')).tagged, /^NO \[METADATA TOOMANY\]/);
  });
});
