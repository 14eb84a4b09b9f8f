/** The mail store on a directory: SQLite for the index, append-only segments for the bytes, one owner at a time. */

export { restoreVolume } from './backup/restore-volume.ts';
export type { ColdPlace } from './cold/cold-tier.ts';
export { VolumeOpenError, type VolumeOpenErrorCode } from './errors.ts';
export { nodeFiles, type VolumeFile, type VolumeFiles } from './files.ts';
export { createVolume, type VolumeIdentity } from './identity.ts';
export { proveLocks } from './lock-proof.ts';
export { type OpenStep, type OpenVolumeOptions, openVolume } from './open-volume.ts';
export { defaultVolumeSettings, type VolumeSettings } from './settings.ts';
