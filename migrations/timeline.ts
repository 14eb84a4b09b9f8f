import { Tenancy1700000001000 } from './1700000001000-tenancy.ts';
import { Cluster1700000002000 } from './1700000002000-cluster.ts';
import { Directory1700000003000 } from './1700000003000-directory.ts';
import { Billing1700000004000 } from './1700000004000-billing.ts';
import { Invoicing1700000005000 } from './1700000005000-invoicing.ts';
import { Ledger1700000006000 } from './1700000006000-ledger.ts';
import { UsageLevels1700000007000 } from './1700000007000-usage-levels.ts';
import { FailBack1700000008000 } from './1700000008000-fail-back.ts';
import { Payments1700000009000 } from './1700000009000-payments.ts';
import { SignIn1700000010000 } from './1700000010000-sign-in.ts';
import { Trust1700000011000 } from './1700000011000-trust.ts';
import { InvoiceTasks1700000012000 } from './1700000012000-invoice-tasks.ts';
import { Alerts1700000013000 } from './1700000013000-alerts.ts';
import { SellerContact1700000014000 } from './1700000014000-seller-contact.ts';
import { AccountMoves1700000015000 } from './1700000015000-account-moves.ts';
import { DomainPins1700000016000 } from './1700000016000-domain-pins.ts';
import { AddOnMeters1700000017000 } from './1700000017000-add-on-meters.ts';
import { UsageFindings1700000018000 } from './1700000018000-usage-findings.ts';
import { UniqueEvents1700000019000 } from './1700000019000-unique-events.ts';
import { Spend1700000020000 } from './1700000020000-spend.ts';
import { Disputes1700000021000 } from './1700000021000-disputes.ts';
import { Releases1700000025000 } from './1700000025000-releases.ts';
import { Health1700000026000 } from './1700000026000-health.ts';
import { ColdTier1700000027000 } from './1700000027000-cold-tier.ts';
import { BillingTerms1700000028000 } from './1700000028000-billing-terms.ts';

/** In order; class names end in a timestamp, by which TypeORM sorts. */
export const MIGRATIONS = [
  Tenancy1700000001000,
  Cluster1700000002000,
  Directory1700000003000,
  Billing1700000004000,
  Invoicing1700000005000,
  Ledger1700000006000,
  UsageLevels1700000007000,
  FailBack1700000008000,
  Payments1700000009000,
  SignIn1700000010000,
  Trust1700000011000,
  InvoiceTasks1700000012000,
  Alerts1700000013000,
  SellerContact1700000014000,
  AccountMoves1700000015000,
  DomainPins1700000016000,
  AddOnMeters1700000017000,
  UsageFindings1700000018000,
  UniqueEvents1700000019000,
  Spend1700000020000,
  Disputes1700000021000,
  Releases1700000025000,
  Health1700000026000,
  ColdTier1700000027000,
  BillingTerms1700000028000,
];
