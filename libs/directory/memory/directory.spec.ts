import { CHEAP_PASSWORDS, directoryContract } from '#directory/contract';
import { seededRandom } from '#stdx';
import { SimulatedClock } from '#testing';
import { MemoryDirectory } from './directory.ts';

directoryContract('memory', async () => {
  const volume = (id: string, clusterId: string, volumeClass: string, weight: number) => ({
    id,
    clusterId,
    volumeClass,
    weight,
  });
  const directory = new MemoryDirectory({
    clusters: [
      { id: 'shared', partnerId: null, shared: true },
      { id: 'foreign', partnerId: 'somebody', shared: false },
    ],
    volumes: [
      volume('light', 'shared', 'standard', 1),
      volume('heavy', 'shared', 'standard', 2),
      volume('premium', 'shared', 'premium', 1),
      volume('elsewhere', 'foreign', 'standard', 1),
    ],
    clock: new SimulatedClock(),
    random: seededRandom(1),
    passwordCost: CHEAP_PASSWORDS,
  });
  return {
    registry: directory.registry,
    lookup: directory.lookup,
    clusterId: 'shared',
    foreignClusterId: 'foreign',
    foreignVolumeId: 'elsewhere',
    volumes: { light: 'light', heavy: 'heavy', premium: 'premium' },
    usage: async () => directory.usage,
    cutOff: async () => {
      directory.lookup.unavailable = true;
    },
    [Symbol.asyncDispose]: async () => {},
  };
});
