import { type DynamicModule, Module, type Provider, RequestMethod, type Type } from '@nestjs/common';
import { API_PREFIX } from '#api-schema';
import { AccountController } from './accounts/account.controller.ts';
import { AccountTokenController } from './accounts/account-token.controller.ts';
import { AccountTokens } from './accounts/account-tokens.ts';
import { Accounts } from './accounts/accounts.ts';
import { DeletedMailController } from './accounts/deleted-mail.controller.ts';
import { DeletedMail } from './accounts/deleted-mail.ts';
import { AlertController } from './alerts/alert.controller.ts';
import { Alerts } from './alerts/alerts.ts';
import { AliasController } from './aliases/alias.controller.ts';
import { Aliases } from './aliases/aliases.ts';
import { ApiKeyController } from './api-keys/api-key.controller.ts';
import { ApiKeys } from './api-keys/api-keys.ts';
import { BillingController } from './billing/billing.controller.ts';
import { Billing } from './billing/billing.ts';
import { BillingProfileController } from './billing/billing-profile.controller.ts';
import { BillingProfiles } from './billing/billing-profiles.ts';
import { DocumentController } from './billing/document.controller.ts';
import { Documents } from './billing/documents.ts';
import { Evidence } from './billing/evidence.ts';
import { ExplorerController } from './billing/explorer.controller.ts';
import { Explorer } from './billing/explorer.ts';
import { InvoiceController } from './billing/invoice.controller.ts';
import { Invoices } from './billing/invoices.ts';
import { PriceController } from './billing/price.controller.ts';
import { Prices } from './billing/prices.ts';
import { TaxTerms } from './billing/tax-terms.ts';
import { TermsController } from './billing/terms.controller.ts';
import { Terms } from './billing/terms.ts';
import { BackupController } from './clusters/backup.controller.ts';
import { ClusterController } from './clusters/cluster.controller.ts';
import { ClusterBackups } from './clusters/cluster-backups.ts';
import { ClusterNodes } from './clusters/cluster-nodes.ts';
import { ClusterQueue } from './clusters/cluster-queue.ts';
import { ClusterTiering } from './clusters/cluster-tiering.ts';
import { ClusterVolumes } from './clusters/cluster-volumes.ts';
import { Clusters } from './clusters/clusters.ts';
import { NodeController } from './clusters/node.controller.ts';
import { QueueController } from './clusters/queue.controller.ts';
import { Rebalance } from './clusters/rebalance.ts';
import { TieringController } from './clusters/tiering.controller.ts';
import { VolumeController } from './clusters/volume.controller.ts';
import { DisputeController } from './disputes/dispute.controller.ts';
import { Disputes } from './disputes/disputes.ts';
import { DocsController } from './docs/docs.controller.ts';
import { Docs } from './docs/docs.ts';
import { DomainController } from './domains/domain.controller.ts';
import { DomainPins } from './domains/domain-pins.ts';
import { Domains } from './domains/domains.ts';
import { JoinTokenController } from './members/join-token.controller.ts';
import { JoinTokens } from './members/join-tokens.ts';
import { Findings } from './meters/findings.ts';
import { MeterController } from './meters/meter.controller.ts';
import { Meters } from './meters/meters.ts';
import { MoveController } from './moves/move.controller.ts';
import { Moves } from './moves/moves.ts';
import { PartnerController } from './partners/partner.controller.ts';
import { Partners } from './partners/partners.ts';
import { PaymentController } from './payments/payment.controller.ts';
import { Payments } from './payments/payments.ts';
import { Refunds } from './payments/refunds.ts';
import { StripeDeliveries } from './payments/stripe-deliveries.ts';
import { StripeWebhookController } from './payments/stripe-webhook.controller.ts';
import { MonthToDate } from './spend/month-to-date.ts';
import { SpendController } from './spend/spend.controller.ts';
import { Spend } from './spend/spend.ts';
import { UsageController } from './usage/usage.controller.ts';
import { Usage } from './usage/usage.ts';
import { WebhookController } from './webhooks/webhook.controller.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** The use cases behind the controllers, made by the composition root. */
export interface UseCases {
  readonly partners: Partners;
  readonly domains: Domains;
  readonly accounts: Accounts;
  readonly accountTokens: AccountTokens;
  readonly deletedMail: DeletedMail;
  readonly aliases: Aliases;
  readonly apiKeys: ApiKeys;
  readonly clusters: Clusters;
  readonly nodes: ClusterNodes;
  readonly volumes: ClusterVolumes;
  readonly queue: ClusterQueue;
  readonly backups: ClusterBackups;
  readonly tiering: ClusterTiering;
  readonly joinTokens: JoinTokens;
  readonly alerts: Alerts;
  readonly moves: Moves;
  readonly rebalance: Rebalance;
  readonly domainPins: DomainPins;
  readonly usage: Usage;
  readonly meters: Meters;
  readonly findings: Findings;
  readonly billing: Billing;
  readonly prices: Prices;
  readonly terms: Terms;
  readonly taxTerms: TaxTerms;
  readonly evidence: Evidence;
  readonly invoices: Invoices;
  readonly documents: Documents;
  readonly profiles: BillingProfiles;
  readonly webhooks: Webhooks;
  readonly explorer: Explorer;
  readonly monthToDate: MonthToDate;
  readonly spend: Spend;
  readonly disputes: Disputes;
  readonly payments: Payments;
  readonly refunds: Refunds;
  readonly stripe: StripeDeliveries;
  readonly docs: Docs;
}

export const CONTROLLERS: readonly Type[] = [
  PartnerController,
  DomainController,
  AccountController,
  AccountTokenController,
  DeletedMailController,
  AliasController,
  ApiKeyController,
  ClusterController,
  NodeController,
  VolumeController,
  QueueController,
  BackupController,
  TieringController,
  JoinTokenController,
  AlertController,
  MoveController,
  UsageController,
  MeterController,
  BillingController,
  PriceController,
  TermsController,
  InvoiceController,
  DocumentController,
  BillingProfileController,
  ExplorerController,
  SpendController,
  DisputeController,
  WebhookController,
  PaymentController,
  StripeWebhookController,
  DocsController,
];

/** Paths that stand outside the versioned API. */
export const UNPREFIXED = [
  { path: '/api/docs', method: RequestMethod.GET },
  { path: '/api/v1/openapi.json', method: RequestMethod.GET },
  { path: `${API_PREFIX}/webhooks/stripe`, method: RequestMethod.POST },
];

@Module({})
export class AppModule {
  static of(useCases: UseCases): DynamicModule {
    const bind = <T>(provide: Type<T>, useValue: T): Provider => ({ provide, useValue });
    return {
      module: AppModule,
      controllers: [...CONTROLLERS],
      providers: [
        bind(Partners, useCases.partners),
        bind(Domains, useCases.domains),
        bind(Accounts, useCases.accounts),
        bind(AccountTokens, useCases.accountTokens),
        bind(DeletedMail, useCases.deletedMail),
        bind(Aliases, useCases.aliases),
        bind(ApiKeys, useCases.apiKeys),
        bind(Clusters, useCases.clusters),
        bind(ClusterNodes, useCases.nodes),
        bind(ClusterVolumes, useCases.volumes),
        bind(ClusterBackups, useCases.backups),
        bind(ClusterTiering, useCases.tiering),
        bind(ClusterQueue, useCases.queue),
        bind(JoinTokens, useCases.joinTokens),
        bind(Alerts, useCases.alerts),
        bind(Moves, useCases.moves),
        bind(Rebalance, useCases.rebalance),
        bind(DomainPins, useCases.domainPins),
        bind(Usage, useCases.usage),
        bind(Meters, useCases.meters),
        bind(Findings, useCases.findings),
        bind(Billing, useCases.billing),
        bind(Prices, useCases.prices),
        bind(Terms, useCases.terms),
        bind(TaxTerms, useCases.taxTerms),
        bind(Evidence, useCases.evidence),
        bind(Invoices, useCases.invoices),
        bind(Documents, useCases.documents),
        bind(BillingProfiles, useCases.profiles),
        bind(Webhooks, useCases.webhooks),
        bind(Explorer, useCases.explorer),
        bind(MonthToDate, useCases.monthToDate),
        bind(Spend, useCases.spend),
        bind(Disputes, useCases.disputes),
        bind(Payments, useCases.payments),
        bind(Refunds, useCases.refunds),
        bind(StripeDeliveries, useCases.stripe),
        bind(Docs, useCases.docs),
      ],
    };
  }
}
