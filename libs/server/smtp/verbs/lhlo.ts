import type { SmtpVerb } from '../verb.ts';
import { capabilities } from './ehlo.ts';
import { introduce } from './helo.ts';

/** LHLO: RFC 2033 §4.1. */
export const lhlo: SmtpVerb = {
  name: 'LHLO',
  modes: ['lmtp'],
  syntax: 'LHLO domain',
  run(session, argument) {
    introduce(session, argument, true);
    return capabilities(session);
  },
};
