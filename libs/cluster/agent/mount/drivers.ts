import { isAbsolute, normalize } from 'node:path';
import type { MountSpec } from '#cluster/api';

/** Executable and arguments; never a shell's line. */
export type Command = readonly [executable: string, ...args: string[]];

/** How a volume's storage is brought to its path and taken from there. */
export interface MountPlan {
  readonly mount: Command;
  readonly unmount: Command;
  /** Types by which the kernel may know it in its mount table; `undefined`: any. */
  readonly types: readonly string[] | undefined;
  /** What the mount table calls its source; `undefined`: not looked at. */
  readonly source: string | undefined;
}

/** The arguments are wrong; the message says how they should be. */
export class MountArgumentError extends Error {
  override readonly name = 'MountArgumentError';
}

/** No space, no comma, nothing that begins like an option. */
const WORD = /^[\w./:@=%+[\]~][\w./:@=%+[\]~-]*$/;
const OPTION = /^[a-z][\w-]*(=[\w./:@%+~-]*)?$/i;
const OPTION_CHARS_MAX = 1_000;

/** Mail is data: nothing on a volume is a device, runs, or runs as somebody else. */
const SAFE = ['nosuid', 'nodev', 'noexec', 'noatime'];

interface Driver {
  /** How its arguments are written. */
  readonly usage: string;
  readonly source: RegExp;
  /** For `mount -t`. */
  readonly type: string;
  readonly types: readonly string[];
  readonly options: readonly string[];
  /** Options with which locks would not hold between machines, or a secret would be seen. */
  readonly refused: RegExp;
}

const HOST = String.raw`([\w.-]+|\[[0-9a-fA-F:]+\])`;
const cifs: Driver = {
  usage: '//HOST/SHARE [OPTIONS], credentials as credentials=FILE',
  source: /^\/\/[\w.-]+(\/[\w.$ -]+)+$/,
  type: 'cifs',
  types: ['cifs', 'smb3'],
  options: SAFE,
  refused: /^(nobrl|forcemandatorylock|pass|password|password2)$/,
};

const DRIVERS: Readonly<Record<Exclude<MountSpec['driver'], 'local' | 'command' | 'block'>, Driver>> = {
  nfs: {
    usage: 'HOST:/EXPORT [OPTIONS]',
    source: new RegExp(`^${HOST}:/[\\w./-]*$`),
    type: 'nfs4',
    types: ['nfs', 'nfs4'],
    // Hard: a write that the server did not take must never look as if it had.
    options: [...SAFE, 'hard'],
    refused: /^(nolock|local_lock|soft|softerr|softreval)$/,
  },
  smb: { ...cifs, type: 'smb3' },
  cifs,
  glusterfs: {
    usage: 'HOST:/VOLUME [OPTIONS]',
    source: new RegExp(`^${HOST}:/?[\\w./-]+$`),
    type: 'glusterfs',
    types: ['fuse.glusterfs'],
    options: ['noatime'],
    refused: /^(volfile|xlator-option)$/,
  },
  ceph: {
    usage: 'MON[,MON…]:/PATH or USER@FSID.NAME=/PATH [OPTIONS], the key as secretfile=FILE',
    source: /^([\w.,:[\]-]+:|[\w.-]+@[\w.-]*[.]?[\w-]+=)\/[\w./-]*$/,
    type: 'ceph',
    types: ['ceph', 'fuse.ceph', 'fuse.ceph-fuse'],
    options: SAFE,
    refused: /^(secret)$/,
  },
};

/** File systems that a block device may hold. */
const BLOCK_TYPES = ['ext4', 'xfs', 'btrfs'];

/**
 * What to run for a volume's mount; `undefined` for `local`, whose storage the machine has mounted itself. Throws
 * `MountArgumentError`. Nothing of it is ever seen by a shell, and no argument can pass for an option.
 */
export function mountPlan({ driver, path, args }: MountSpec): MountPlan | undefined {
  if (!isAbsolute(path) || normalize(path) !== path || path === '/' || path.includes('\0'))
    throw new MountArgumentError(`${path} is not an absolute, plain path`);
  if (driver === 'local') {
    if (args.length > 0) throw new MountArgumentError('local takes no arguments');
    return undefined;
  }
  if (driver === 'command') return commandPlan(path, args);
  if (driver === 'block') return blockPlan(path, args);
  const { usage, source, type, types, options, refused } = DRIVERS[driver];
  const [from = '', given, ...rest] = args;
  if (!source.test(from) || rest.length > 0) throw new MountArgumentError(`${driver} takes ${usage}`);
  const all = [...options, ...optionsOf(given, refused)];
  return {
    mount: ['mount', '-t', type, '-o', all.join(','), '--', from, path],
    unmount: ['umount', '--', path],
    types,
    source: undefined,
  };
}

/** Why a mount's arguments are wrong; `undefined` when they are not. */
export function mountProblem(mount: MountSpec): string | undefined {
  try {
    mountPlan(mount);
    return undefined;
  } catch (error) {
    if (error instanceof MountArgumentError) return error.message;
    throw error;
  }
}

function blockPlan(path: string, args: readonly string[]): MountPlan {
  const [device = '', type = '', given, ...rest] = args;
  const plain = /^\/dev\/[\w./:+-]+$/.test(device) && normalize(device) === device;
  if (!plain || !BLOCK_TYPES.includes(type) || rest.length > 0)
    throw new MountArgumentError(`block takes /dev/DEVICE ${BLOCK_TYPES.join('|')} [OPTIONS]`);
  const options = [...SAFE, ...optionsOf(given, /^(loop|norecovery|nobarrier|noload)$/)];
  return {
    mount: ['mount', '-t', type, '-o', options.join(','), '--', device, path],
    unmount: ['umount', '--', path],
    types: [type],
    source: device,
  };
}

/** The executable is asked `mount PATH ARGUMENT…` and `unmount PATH ARGUMENT…`. */
function commandPlan(path: string, [executable = '', ...args]: readonly string[]): MountPlan {
  if (!isAbsolute(executable) || normalize(executable) !== executable)
    throw new MountArgumentError('command takes /EXECUTABLE [ARGUMENT…]');
  if (args.some((arg) => arg.includes('\0'))) throw new MountArgumentError('an argument has a NUL');
  return {
    mount: [executable, 'mount', path, ...args],
    unmount: [executable, 'unmount', path, ...args],
    types: undefined,
    source: undefined,
  };
}

function optionsOf(given: string | undefined, refused: RegExp): readonly string[] {
  if (given === undefined || given === '') return [];
  if (given.length > OPTION_CHARS_MAX) throw new MountArgumentError('the options are too long');
  const options = given.split(',');
  for (const option of options) {
    const [name = ''] = option.split('=');
    if (!OPTION.test(option) || !WORD.test(option)) throw new MountArgumentError(`${option} is not an option`);
    if (refused.test(name))
      throw new MountArgumentError(`the option ${name} is refused: locks or secrets would not be safe`);
  }
  return options;
}
