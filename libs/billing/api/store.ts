import type { UsageFacts, UsageQuestion } from '#metering';
import type { BillingAccount } from './model.ts';
import type { TermsJson } from './terms.ts';

/** Who pays what: read side. */
export interface BillingAccounts {
  /** By id or handle. A partner without a subscription has the default price list from its first day. */
  find(partner: string): Promise<BillingAccount | undefined>;
  /** The account as a rating run kept it. */
  recall(partnerId: string, terms: TermsJson): Promise<BillingAccount>;
}

/** What was used: read side. */
export interface UsageSource {
  /** The newest cut-off. */
  lastSeq(partnerId: string): Promise<bigint>;
  facts(question: UsageQuestion): Promise<UsageFacts>;
}
