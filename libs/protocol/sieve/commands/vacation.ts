import { createHash } from 'node:crypto';
import { singleAddress } from '../addresses.ts';
import type { CommandDefinition } from '../definition.ts';
import { answerable } from '../replies/answerable.ts';
import type { Run } from '../run.ts';

const DAY_SECONDS = 86_400;
const DEFAULT_DAYS = 7;

export const vacation: CommandDefinition = {
  name: 'vacation',
  rfc: 'RFC 5230 §4',
  requires: ['vacation', 'vacation-seconds'],
  arguments: {
    tags: {
      days: { value: 'number', group: 'period' },
      seconds: { value: 'number', group: 'period', requires: 'vacation-seconds' },
      subject: { value: 'string' },
      from: { value: 'string' },
      addresses: { value: 'strings' },
      mime: {},
      handle: { value: 'string' },
    },
    positional: ['string'],
  },
  check({ arguments: args, at }, checking) {
    const from = args.tagString('from');
    if (typeof from === 'string' && singleAddress(from) === null) checking.fail(at, ':from is not an address');
  },
  run(run, { arguments: args }) {
    if (run.actions.some(({ kind }) => kind === 'vacation')) run.fail('vacation answers once');
    const textOf = (tag: string): string | null => {
      const template = args.tagString(tag);
      return template === undefined ? null : run.text(template);
    };
    const [subject, from, reason, isMime] = [
      textOf('subject'),
      textOf('from'),
      run.text(args.string(0)),
      args.has('mime'),
    ];
    if (from !== null && singleAddress(from) === null) run.fail(':from is not an address');
    const own = [run.world.owner, run.message.envelope.to, ...run.texts(args.tagStrings('addresses') ?? [])];
    const to = answerable(run.header, run.message.envelope.from, own);
    if (to === null) return 'next';
    // RFC 5230 §4.2: without :handle, the same arguments are the same answer.
    const handle = textOf('handle') ?? digest([subject, from, String(isMime), reason]);
    const periodSeconds = periodOf(
      run,
      args.tagNumber('seconds') ?? (args.tagNumber('days') ?? DEFAULT_DAYS) * DAY_SECONDS,
    );
    run.add({ kind: 'vacation', to, handle, periodSeconds, subject, from, reason, isMime });
    return 'next';
  },
};

function periodOf(run: Run, seconds: number): number {
  const { vacationSecondsMin, vacationSecondsMax } = run.world.limits;
  return Math.min(Math.max(seconds, vacationSecondsMin), vacationSecondsMax);
}

const digest = (values: readonly (string | null)[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('base64url');
