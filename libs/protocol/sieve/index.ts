/** Sieve (RFC 5228 and its extensions): reads and checks scripts, and runs them over messages. Pure. */
export type * from './action.ts';
export { SIEVE_EXTENSIONS, type SieveExtension, sieveCapabilities } from './capabilities.ts';
export { type CompiledSieve, compileSieve, compileSieveBytes } from './compile.ts';
export type { SieveScript } from './definition.ts';
export { driveSieve, interpretSieve, type SieveOutcome } from './interpret.ts';
export { SIEVE_LIMITS, type SieveLimits } from './limits.ts';
export { formatProblem, type SievePosition, type SieveProblem } from './problem.ts';
export type { SieveAnswer, SieveMailbox, SieveQuestion } from './question.ts';
export { notification } from './replies/notification.ts';
export { REDIRECT_LIMITS, type RedirectLimits, redirectLoop, redirectMark } from './replies/redirected.ts';
export type { ReplyFacts } from './replies/reply-facts.ts';
export { vacationReply } from './replies/vacation-reply.ts';
export type { SieveMessage, SieveWorld } from './run.ts';
export { SIEVE_VOCABULARY } from './vocabulary.ts';
