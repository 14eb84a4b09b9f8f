import type { MountSpec, OpenOrder, StorageState } from '#cluster/api';

/** A volume that this process has opened and whose storage lock it holds. */
export interface HostedVolume {
  /** Resolves with the reason when its storage failed it. */
  readonly failed: Promise<Error>;
  writable(): boolean;
  /** Once it was looked at. */
  storageState?(): StorageState | undefined;
  /**
   * Finishes what is in flight, releases the lock and unmounts. Idempotent. Throws `StillMountedError` when only the last of
   * these failed.
   */
  close(): Promise<void>;
}

/** What a node's machine can do for a volume. */
export interface VolumeHost<V extends HostedVolume> {
  /** Makes the volume's directory appear and returns it; with `create` it may be made where the driver can. Throws `MountError`. */
  mount(mount: MountSpec, create: boolean): Promise<string>;
  /** Takes the storage from this machine again, where nothing was opened on it. Throws `MountError`. */
  unmount(mount: MountSpec): Promise<void>;
  /** Throws `VolumeIdentityError` unless the directory is this volume's. With `create` an empty one is made it. */
  identify(directory: string, volumeId: string, create: boolean): Promise<void>;
  /**
   * Takes the storage lock, recovers and opens; brings its format up to what the cluster's feature level allows. Throws
   * `VolumeLockedError` while another process holds the lock.
   */
  open(directory: string, volume: Pick<OpenOrder, 'volumeId' | 'epoch' | 'featureLevel' | 'cold'>): Promise<V>;
  /** Runs the volume's fence; throws when it fails or takes too long. */
  fence(command: readonly string[]): Promise<void>;
}

/** The mount did not succeed; the message says why, for people. */
export class MountError extends Error {
  override readonly name = 'MountError';
}

/** The volume is closed and its lock released; its storage could not be unmounted. */
export class StillMountedError extends Error {
  override readonly name = 'StillMountedError';
}

/** The directory is not the volume it should be. */
export class VolumeIdentityError extends Error {
  override readonly name = 'VolumeIdentityError';
}

/** Another process holds the storage lock. */
export class VolumeLockedError extends Error {
  override readonly name = 'VolumeLockedError';
}
