import type { Arguments, ArgumentsSpec } from '../arguments.ts';
import type { BoundTest, Checking } from '../definition.ts';

/** RFC 5260 §6. */
export const INDEX_TAGS: NonNullable<ArgumentsSpec['tags']> = {
  index: { requires: 'index', value: 'number' },
  last: { requires: 'index' },
};

/** RFC 5260 §6.1: `:last` goes with `:index`, and counting begins at 1. */
export function checkIndex({ arguments: args, at }: Pick<BoundTest, 'arguments' | 'at'>, checking: Checking): void {
  if (args.has('last') && !args.has('index')) checking.fail(at, ':last needs :index');
  if (args.tagNumber('index') === 0) checking.fail(at, ':index counts from 1');
}

/** The place `:index` names among so many fields, from 0; `undefined` without `:index`, −1 when there is none there. */
export function indexOf(args: Arguments, count: number): number | undefined {
  const index = args.tagNumber('index');
  if (index === undefined) return undefined;
  if (index > count) return -1;
  return args.has('last') ? count - index : index - 1;
}

/** The fields `:index` leaves. */
export function indexed<T>(args: Arguments, fields: readonly T[]): readonly T[] {
  const at = indexOf(args, fields.length);
  return at === undefined ? fields : fields.slice(Math.max(at, 0), at + 1);
}
