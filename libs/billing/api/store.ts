import type { UsageFacts, UsageQuestion } from '#metering';
import type { BillingAccount } from './model.ts';
import type { TermsJson } from './terms.ts';

/** Who pays what: read side. */
export interface BillingAccounts {
  /**
   * By id or handle, taxed by the rates of a month's (`YYYY-MM`) last date, today's without. A partner without a subscription has
   * the default price list from its first day.
   */
  find(partner: string, month?: string): Promise<BillingAccount | undefined>;
  /** The account as a rating run kept it. */
  recall(partnerId: string, terms: TermsJson): Promise<BillingAccount>;
}

/** What was used: read side. */
export interface UsageSource {
  /** The newest cut-off. */
  lastSeq(partnerId: string): Promise<bigint>;
  facts(question: UsageQuestion): Promise<UsageFacts>;
}
