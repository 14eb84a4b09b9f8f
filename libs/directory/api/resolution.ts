import type { AccountRoute, RecipientResolution } from './lookup.ts';
import type { PartnerState } from './model.ts';

/** An address may pass this many aliases, details and catch-alls on its way to an account. */
export const RESOLUTION_HOPS_MAX = 10;
/** Addresses one recipient may come to: five full aliases. */
export const RESOLUTION_ADDRESSES_MAX = 5_000;

/** One address met on the way from a recipient to its accounts, and what it is. */
export interface ResolutionStep {
  /** As it was written, for sending elsewhere. */
  readonly address: string;
  /** As it is looked up. */
  readonly key: string;
  readonly hop: number;
  readonly outcome: 'account' | 'alias' | 'detail' | 'catchAll' | 'unknown' | 'remote';
  /** Keys of the addresses it stands for. */
  readonly next: readonly string[];
  /** The address without its detail, which was looked for too. */
  readonly base?: string;
  /** Of the address's domain, when it is ours. */
  readonly partnerId?: string;
  readonly partnerState?: PartnerState;
  /** Of the account, its state the stricter of its own and its partner's. */
  readonly route?: AccountRoute;
}

/** What the steps from `steps[0]`, the recipient, come to. An empty list is a recipient that is no address. */
export function concludeResolution(steps: readonly ResolutionStep[]): RecipientResolution {
  const [first] = steps;
  if (!first || first.outcome === 'remote') return { kind: 'notLocal', dependsOn: dependencies(steps) };
  const dependsOn = dependencies(steps);
  const blocked = (reason: string): RecipientResolution => ({ kind: 'blocked', reason, dependsOn });
  if (first.partnerState === 'closed') return blocked('the domain is no longer served');
  if (steps.length > RESOLUTION_ADDRESSES_MAX) return blocked('the alias has too many addresses');
  if (isCutOff(steps)) return blocked('the alias is nested too deep');

  const routes = new Map<string, AccountRoute>();
  for (const { route } of steps) if (route) routes.set(route.accountId, route);
  const accounts = [...routes.values()].filter((route) => route.state !== 'receiveBlocked').sort(byEmail);
  const remote = [...new Set(steps.filter((step) => step.outcome === 'remote').map((step) => step.address))].sort();
  if (accounts.length > 0 || remote.length > 0)
    return { kind: 'deliver', accounts, remote, partnerId: first.partnerId ?? '', dependsOn };
  if (routes.size > 0) return blocked('the mailbox does not accept mail');
  if (steps.some((step) => step.outcome === 'alias')) return blocked('the alias leads to no mailbox');
  return { kind: 'unknownUser', dependsOn };
}

/** Stopping at the last hop loses a target unless it was met before: a loop comes to an end, a chain is too long. */
function isCutOff(steps: readonly ResolutionStep[]): boolean {
  const met = new Set(steps.map((step) => step.key));
  return steps.some((step) => step.hop >= RESOLUTION_HOPS_MAX && step.next.some((key) => !met.has(key)));
}

/** Every address asked on the way, and every domain: a change of any may change the answer. */
function dependencies(steps: readonly ResolutionStep[]): readonly string[] {
  const on = new Set<string>();
  for (const { key, base } of steps) {
    on.add(key).add(key.slice(key.lastIndexOf('@')));
    if (base) on.add(base);
  }
  return [...on];
}

const byEmail = (a: AccountRoute, b: AccountRoute): number => (a.email < b.email ? -1 : a.email > b.email ? 1 : 0);

/** The state an account has in effect: a partner's suspension or end binds all its accounts. */
export function effectiveState(account: AccountRoute['state'], partner: PartnerState): AccountRoute['state'] {
  if (partner === 'closed' || account === 'receiveBlocked') return 'receiveBlocked';
  return partner === 'suspended' ? 'suspended' : account;
}
