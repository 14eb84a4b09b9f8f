import type { CommandDefinition } from '../definition.ts';

const FIELD_NAME = /^[\x21-\x39\x3b-\x7e]{1,76}$/;

export const addheader: CommandDefinition = {
  name: 'addheader',
  rfc: 'RFC 5293 §4',
  requires: 'editheader',
  arguments: { tags: { last: {} }, positional: ['string', 'string'] },
  check({ arguments: args }, checking) {
    const name = args.string(0);
    if (typeof name === 'string' && !FIELD_NAME.test(name))
      checking.fail(args.placeOf(0), `not a header field: ${JSON.stringify(name)}`);
  },
  run(run, { arguments: args }) {
    const name = run.text(args.string(0));
    if (!FIELD_NAME.test(name)) return run.fail(`not a header field: ${JSON.stringify(name.slice(0, 100))}`);
    run.header.add(name, run.text(args.string(1)), args.has('last'));
    if (run.header.bytes > run.world.limits.headerBytesMax) run.fail('the header has become too long');
    return 'next';
  },
};
