import { createHash } from 'node:crypto';
import type { TestDefinition } from '../definition.ts';

const DEFAULT_SECONDS = 7 * 86_400;

export const duplicate: TestDefinition = {
  name: 'duplicate',
  rfc: 'RFC 7352 §3',
  requires: 'duplicate',
  arguments: {
    tags: {
      handle: { value: 'string' },
      header: { value: 'string', group: 'id' },
      uniqueid: { value: 'string', group: 'id' },
      seconds: { value: 'number' },
      last: {},
    },
  },
  *run(run, { arguments: args }) {
    const uniqueId = args.tagString('uniqueid');
    const field = run.text(args.tagString('header') ?? 'Message-ID');
    const id = uniqueId === undefined ? run.header.values(field)[0]?.trim() : run.text(uniqueId);
    // RFC 7352 §3.1: without a value there is nothing to know it by.
    if (id === undefined || id === '') return false;
    // RFC 7352 §3.1: ids of different handles and sources are different.
    const source = uniqueId === undefined ? `header ${field.toLowerCase()}` : 'uniqueid';
    const key = digest([run.text(args.tagString('handle') ?? ''), source, id]);
    const wasSeen = (yield { ask: 'duplicate', key }) === true;
    if (!wasSeen || args.has('last')) {
      const seconds = Math.min(args.tagNumber('seconds') ?? DEFAULT_SECONDS, run.world.limits.duplicateSecondsMax);
      if (!run.tracked.some((tracking) => tracking.key === key)) run.tracked.push({ key, seconds });
      if (run.tracked.length > run.world.limits.actionsMax) run.fail('too many messages to know again');
    }
    return wasSeen;
  },
};

const digest = (values: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(values)).digest('base64url');
