import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { freePort, startRedis } from '#embedded';
import { silentLogger, systemClock, systemRandom } from '#stdx';
import { temporaryDirectory, until } from '#testing';
import { RedisBulletin } from './redis-bulletin.ts';

it('hubs of one cluster hear each other over Redis, also after it was away, and no other cluster', async () => {
  using directory = temporaryDirectory();
  const port = await freePort();
  const start = (name: string) =>
    startRedis({ directory: join(directory.path, name), port, logFile: join(directory.path, 'log') });
  let redis = await start('one');
  const bulletins = ['c', 'c', 'other'].map(
    (cluster) => new RedisBulletin(redis.url, cluster, systemClock, systemRandom, silentLogger),
  );
  const heard: string[][] = bulletins.map(() => []);
  bulletins.forEach((bulletin, index) => {
    bulletin.subscribe('news', (text) => heard[index]?.push(text));
  });
  const [a] = bulletins as [RedisBulletin];
  const reaches = (text: string): Promise<unknown> =>
    until(`"${text}" to be heard`, () => {
      a.publish('news', text);
      return heard[1]?.includes(text);
    });
  try {
    await reaches('a first word');
    await redis.stop();
    a.publish('news', 'into nothing');
    redis = await start('two');
    await reaches('a second word');
    assert.equal(heard[1]?.includes('into nothing'), false);
    assert.deepEqual([heard[0], heard[2]], [[], []]);
  } finally {
    for (const bulletin of bulletins) bulletin.close();
    await redis.stop();
  }
});
