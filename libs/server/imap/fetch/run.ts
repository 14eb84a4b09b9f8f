import type { UidRange } from '#mailstore/api';
import type { CommandSession } from '../command.ts';
import { type FetchOutcome, fetchListing, fetchMessages } from './answer.ts';
import { fetchFlags } from './flags-answer.ts';
import type { FetchPlan } from './plan.ts';

/** Answers a FETCH from as little as its items need. */
export function runFetch(session: CommandSession, plan: FetchPlan, ranges: readonly UidRange[]): Promise<FetchOutcome> {
  if (plan.flagsItems) return fetchFlags(session, plan, ranges);
  return plan.listing ? fetchListing(session, plan, ranges) : fetchMessages(session, plan, ranges);
}
