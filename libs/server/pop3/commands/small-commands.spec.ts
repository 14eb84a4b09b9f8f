import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pop3World } from '../fixture.test.ts';

describe('NOOP, CAPA, LANG', () => {
  it('NOOP', async () => {
    const client = await (await pop3World([])).client();
    assert.equal(await client.command('NOOP'), '+OK Still here');
  });

  it('CAPA says what can be used after login', async () => {
    const client = await (await pop3World([])).client();
    const list = await client.list('CAPA');
    for (const name of ['TOP', 'UIDL', 'PIPELINING', 'RESP-CODES', 'EXPIRE NEVER'])
      assert.ok(list.includes(name), name);
    for (const name of list) assert.doesNotMatch(name, /^(STLS|USER|SASL)/);
  });

  for (const [text, answer] of [
    ['LANG en', /^\+OK en /],
    ['LANG *', /^\+OK en /],
    ['LANG EN-GB', /^\+OK en /],
    ['LANG tlh', /^-ERR/],
    ['LANG a b', /^-ERR/],
    ['LANG ä', /^-ERR/],
    ['STAT x', /^-ERR/],
    ['UTF8', /^-ERR Unknown command/],
    ['USER x', /^-ERR Unknown command/],
    ['', /^-ERR A line begins with a command/],
    [' NOOP', /^-ERR A line begins with a command/],
    ['N\0OP', /^-ERR A line begins with a command/],
    [`NOOP ${'x'.repeat(2_000)}`, /^-ERR Line too long/],
    ['noop   ', /^\+OK/],
  ] as const)
    it(`${JSON.stringify(text.slice(0, 20))}: ${answer}`, async () => {
      const client = await (await pop3World([])).client();
      assert.match(await client.command(text), answer);
      assert.match(await client.command('NOOP'), /^\+OK/);
    });

  it('LANG lists', async () => {
    const client = await (await pop3World([])).client();
    assert.deepEqual(await client.list('LANG'), ['en English']);
  });
});
