import { messageParser } from '#protocol/message';
import { silentLogger, systemClock } from '#stdx';
import { VolumeOpenError } from './errors.ts';
import { openVolume } from './open-volume.ts';

// A process of `lock.spec.ts`: opens the volume, says `open` or why not, and holds it until it is killed.
const [, , path = '', epoch = ''] = process.argv;
try {
  await openVolume({
    ...{ path, volumeId: 'v', clusterId: 'c', epoch: Number(epoch) },
    ...{ clock: systemClock, logger: silentLogger, parse: () => messageParser() },
  });
  process.stdout.write('open');
} catch (error) {
  process.stdout.write(error instanceof VolumeOpenError ? error.code : String(error));
}
// Keeps the process alive.
setInterval(() => {}, 60_000);
