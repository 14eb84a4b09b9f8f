import { fuzzDecoders, fuzzHeaders, fuzzStructure } from '../../../libs/protocol/message/fuzz-checks.ts';
import { SEEDS } from '../../../libs/protocol/message/fuzz-seeds.ts';
import { fuzzScript } from '../../../libs/protocol/sieve/fuzz-checks.ts';
import { pick } from '../inputs.ts';
import type { FuzzTarget } from '../target.ts';

export const MAIL_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'message structure',
    check: (random) => fuzzStructure(random, random.fraction() < 0.25 ? pick(random, SEEDS) : null),
  },
  { name: 'message headers', check: fuzzHeaders },
  { name: 'message decoders', check: fuzzDecoders },
  { name: 'sieve scripts', check: fuzzScript },
];
