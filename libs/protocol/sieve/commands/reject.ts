import type { CommandDefinition } from '../definition.ts';

/**
 * RFC 5429 §2: both refuse at delivery, where the hub still has the sender on the line or sends the notification itself;
 * the words are the script's.
 */
function refusal(name: 'reject' | 'ereject', rfc: string): CommandDefinition {
  return {
    name,
    rfc,
    requires: name,
    arguments: { positional: ['string'] },
    run(run, { arguments: args }) {
      run.add({ kind: 'reject', reason: run.text(args.string(0)) });
      run.implicitKeep = false;
      return 'next';
    },
  };
}

export const reject = refusal('reject', 'RFC 5429 §2.2');
export const ereject = refusal('ereject', 'RFC 5429 §2.1');
