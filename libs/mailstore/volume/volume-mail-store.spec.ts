import { mailStoreContract } from '#mailstore/contract';
import { messageParser } from '#protocol/message';
import { silentLogger } from '#stdx';
import { temporaryDirectory } from '#testing';
import { createVolume } from './identity.ts';
import { openVolume } from './open-volume.ts';

mailStoreContract('volume', async ({ clock, limits }) => {
  const directory = temporaryDirectory();
  const identity = { volumeId: 'v1', clusterId: 'c1' };
  await createVolume(directory.path, identity);
  const { path } = directory;
  const parse = () => messageParser();
  const store = await openVolume({ ...identity, path, epoch: 1, clock, logger: silentLogger, parse, limits });
  return { store, dispose: async () => directory[Symbol.dispose]() };
});
