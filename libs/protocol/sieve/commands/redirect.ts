import { singleAddress } from '../addresses.ts';
import type { CommandDefinition } from '../definition.ts';

export const redirect: CommandDefinition = {
  name: 'redirect',
  rfc: 'RFC 5228 §4.2',
  arguments: { tags: { copy: { requires: 'copy' } }, positional: ['string'] },
  check({ arguments: args }, checking) {
    const address = args.string(0);
    if (typeof address === 'string' && singleAddress(address) === null)
      checking.fail(args.placeOf(0), `not an address: ${JSON.stringify(address)}`);
  },
  run(run, { arguments: args }) {
    const text = run.text(args.string(0));
    const address = singleAddress(text);
    if (address === null) return run.fail(`not an address: ${JSON.stringify(text.slice(0, 100))}`);
    run.add({ kind: 'redirect', address, header: run.header.block() });
    if (!args.has('copy')) run.implicitKeep = false;
    return 'next';
  },
};
