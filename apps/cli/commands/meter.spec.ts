import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { temporaryDirectory, testDatabase } from '#testing';
import { runCli } from '../cli.ts';
import { insertOperatorKey, listening, spawnApi } from '../cli-fixture.spec.ts';

describe('meters, usage and prices on the command line', () => {
  const directory = temporaryDirectory();
  const clusterFile = join(directory.path, 'cluster.json');
  let home: Awaited<ReturnType<typeof testDatabase>>;
  let api: ChildProcess;
  before(async () => {
    home = await testDatabase();
    const apiKey = await insertOperatorKey(home.url);
    api = spawnApi(home.url);
    writeFileSync(clusterFile, JSON.stringify({ api: { url: await listening(api) }, operator: { apiKey } }));
  });
  after(async () => {
    const exited = new Promise((resolve) => api.once('exit', resolve));
    api.kill('SIGTERM');
    await exited;
    await home[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const rookery = async (...args: string[]): Promise<{ code: number; said: string }> => {
    const said: string[] = [];
    const code = await runCli(args, {
      ...{ environment: { ROOKERY_CLUSTER: clusterFile }, readInput: async () => '' },
      ...{ print: (line) => said.push(line), complain: (line) => said.push(line) },
    });
    return { code, said: said.join('\n') };
  };
  const json = async <T>(...args: string[]): Promise<T> => {
    const { code, said } = await rookery(...args, '--json');
    assert.equal(code, 0, said);
    return JSON.parse(said) as T;
  };
  const file = (name: string, content: string): string => {
    const path = join(directory.path, name);
    writeFileSync(path, content);
    return path;
  };
  const event = (id: string, value: number) => ({
    ...{ specversion: '1.0', id, source: 'panel', type: 'faxes', subject: 'tenant' },
    ...{ time: new Date().toISOString(), data: { value } },
  });

  it('makes a meter, prices it, feeds it and bills it', async () => {
    await json('partner', 'create', 'acme', '--name', 'Acme');
    const made = await json<{ aggregation: string; silentHours: number }>(
      ...['meter', 'create', 'faxes', '--partner', 'acme', '--unit', 'fax', '--silent-after', '24'],
    );
    assert.deepEqual([made.aggregation, made.silentHours], ['sum', 24]);
    const prices = {
      ...{ partner: 'acme', name: 'Agreed', currency: 'EUR' },
      components: [
        {
          ...{ id: 'faxes', kind: 'add-on', meters: ['faxes'], measure: 'total', description: 'Faxes', unit: 'fax' },
          price: { model: 'unit', price: '0.05' },
        },
      ],
    };
    const { id } = await json<{ id: string }>('price', 'publish', file('prices.json', JSON.stringify(prices)));
    await json('price', 'apply', 'acme', id);
    const lines = [event('1', 3), event('2', 4), { ...event('3', 1), type: 'letters' }].map((one) =>
      JSON.stringify(one),
    );
    const sent = await rookery('usage', 'send', file('events.ndjson', `${lines.join('\n')}\n`), '--partner', 'acme');
    assert.equal(sent.code, 0, sent.said);
    assert.match(sent.said, /^2 accepted, 0 counted before, 1 refused\n[\s\S]*3 +3 +unknownMeter +no meter letters/);
    const again = await json<{ duplicates: number }>(
      ...['usage', 'send', file('events.json', `[${lines.join(',')}]`), '--partner', 'acme'],
    );
    assert.equal(again.duplicates, 2);
    const invoice = await json<{ lines: { description: string; amountMinor: number }[] }>('invoice', 'preview', 'acme');
    assert.deepEqual(
      invoice.lines.map(({ description, amountMinor }) => [description.slice(0, 5), amountMinor]),
      [['Faxes', 35]],
    );
    assert.match((await rookery('usage', 'show', 'acme')).said, /faxes +7 +fax +1/);
    assert.match((await rookery('meter', 'list', '--partner', 'acme')).said, /faxes +acme +faxes +fax +sum +any +24 h/);
    assert.match((await rookery('price', 'show', 'acme')).said, /faxes +fax +\{"model":"unit"/);
    await json('meter', 'archive', 'faxes', '--partner', 'acme');
    const late = await rookery('usage', 'send', file('late.json', JSON.stringify(event('4', 1))), '--partner', 'acme');
    assert.match(late.said, /archived/);
  });

  it('says what is wrong with a file', async () => {
    assert.match((await rookery('usage', 'send', '/nowhere', '--partner', 'acme')).said, /cannot be read/);
    assert.match(
      (await rookery('usage', 'send', file('bad', '{}\n{'), '--partner', 'acme')).said,
      /line 2 is not JSON/,
    );
    assert.match((await rookery('price', 'publish', file('bad', '{'))).said, /is not JSON/);
    assert.match((await rookery('price', 'publish', file('bad.json', '{"name":1}'))).said, /invalid_request/);
  });
});
