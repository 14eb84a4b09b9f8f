import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOptions, UsageError } from './options.ts';

describe('options of npm start', () => {
  it('has the defaults of the interface', () => {
    const { dataDirectory, ...rest } = parseOptions([]);
    assert.match(dataDirectory, /[.]rookery$/);
    assert.deepEqual(rest, {
      hubs: 2,
      nodes: 2,
      standby: 1,
      volumes: 2,
      portBase: 2000,
      demo: true,
      fresh: false,
      restart: false,
      program: undefined,
    });
  });

  it('gives each active node a volume unless told otherwise', () => {
    assert.equal(parseOptions(['--nodes', '5']).volumes, 5);
    assert.equal(parseOptions(['--nodes', '5', '--volumes', '12']).volumes, 12);
  });

  for (const args of [
    ['--hubs', '0'],
    ['--nodes', 'two'],
    ['--bogus'],
    ['--port-base', '65000'],
    ['--hubs', '1.5'],
    ['stray'],
  ]) {
    it(`refuses ${args.join(' ')}`, () => assert.throws(() => parseOptions(args), UsageError));
  }
});
