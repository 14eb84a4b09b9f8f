import { AlertBook, AlertChannels } from '#alerting';
import { MonthRating } from '#billing/invoice';
import {
  BillingChanges,
  Catalogue,
  Commitments,
  Coupons,
  CreditNotes,
  DisputeBook,
  Disputes as DisputeLedger,
  InvoiceBook,
  InvoiceExplorer,
  InvoiceFiles,
  InvoiceFinalization,
  InvoiceTasks,
  PostgresBillingAccounts,
  BillingProfiles as ProfileStore,
  Seller,
  SpendPolicies,
  SpendWatch,
  Statements,
  Subscriptions,
  Taxes,
  WebhookEndpoints,
} from '#billing/postgres';
import { findVolumeOwners } from '#cluster/postgres';
import type { Database } from '#database';
import type { DirectoryRegistry } from '#directory/api';
import { PostgresAccountUsage } from '#directory/postgres';
import {
  AddOnIngestion,
  Meters as MeterStore,
  PostgresMetering,
  PostgresUsageEvidence,
  PostgresUsageReader,
  UsageFindings,
} from '#metering';
import { AccountTokens } from './accounts/account-tokens.ts';
import { AccountUsage } from './accounts/account-usage.ts';
import { Accounts } from './accounts/accounts.ts';
import { DeletedMail } from './accounts/deleted-mail.ts';
import { Alerts } from './alerts/alerts.ts';
import { Aliases } from './aliases/aliases.ts';
import { ApiKeys } from './api-keys/api-keys.ts';
import type { UseCases } from './app.module.ts';
import { Billing } from './billing/billing.ts';
import { BillingProfiles } from './billing/billing-profiles.ts';
import { Documents } from './billing/documents.ts';
import { Evidence } from './billing/evidence.ts';
import { Explorer } from './billing/explorer.ts';
import { Invoices } from './billing/invoices.ts';
import { Prices } from './billing/prices.ts';
import { TaxTerms } from './billing/tax-terms.ts';
import { Terms } from './billing/terms.ts';
import { ClusterBackups } from './clusters/cluster-backups.ts';
import { ClusterNodes } from './clusters/cluster-nodes.ts';
import { ClusterQueue } from './clusters/cluster-queue.ts';
import { ClusterReader } from './clusters/cluster-reader.ts';
import { ClusterTiering } from './clusters/cluster-tiering.ts';
import { ClusterVolumes } from './clusters/cluster-volumes.ts';
import { Clusters } from './clusters/clusters.ts';
import { NodeRpc } from './clusters/node-rpc.ts';
import { Rebalance } from './clusters/rebalance.ts';
import { Disputes } from './disputes/disputes.ts';
import { Docs } from './docs/docs.ts';
import { DomainPins } from './domains/domain-pins.ts';
import { Domains } from './domains/domains.ts';
import type { Ground } from './ground.ts';
import type { ClusterTrusts } from './members/cluster-trusts.ts';
import { JoinTokens } from './members/join-tokens.ts';
import type { MemberDoors } from './members/member-doors.ts';
import { Findings } from './meters/findings.ts';
import { Meters } from './meters/meters.ts';
import { Moves } from './moves/moves.ts';
import { PartnerNames } from './partners/partner-names.ts';
import { Partners } from './partners/partners.ts';
import { paymentUseCases } from './payments/compose.ts';
import type { Settings } from './settings.ts';
import { MonthToDate } from './spend/month-to-date.ts';
import { Spend } from './spend/spend.ts';
import { Usage } from './usage/usage.ts';
import { Webhooks } from './webhooks/webhooks.ts';

/** Of the API, not of the product. */
const API_VERSION = '1.0.0';

/** The use cases over PostgreSQL and the nodes. */
export function useCases(
  settings: Settings,
  ground: Ground,
  database: Database,
  registry: DirectoryRegistry,
  members: { readonly trusts: ClusterTrusts; readonly doors: MemberDoors },
): UseCases {
  const { clock, random } = ground;
  const names = new PartnerNames(registry);
  const rpc = new NodeRpc(members.trusts, clock, random, settings.ROOKERY_API_NODE_TIMEOUT_MS);
  const reader = new ClusterReader(database, rpc);
  const clusters = new Clusters(database, names, reader, ground, {
    databaseUrl: settings.DATABASE_URL,
    hubDomain: settings.ROOKERY_HUB_DOMAIN,
  });
  const ownersOf = (volumeIds: readonly string[]) => findVolumeOwners(database, volumeIds);
  const usage = new AccountUsage(ownersOf, rpc, new PostgresAccountUsage(database), clock);
  const accounts = new PostgresBillingAccounts(database);
  const usageReader = new PostgresUsageReader(database);
  const meterStore = new MeterStore(database, clock);
  const ingestion = new AddOnIngestion(database, new PostgresMetering(database, clock), clock);
  const rating = new MonthRating(accounts, usageReader, clock);
  const subscriptions = new Subscriptions(database, clock);
  const commitments = new Commitments(database, clock);
  const changes = new BillingChanges(database);
  const billing = new Billing(names, accounts, rating, subscriptions, commitments, clock);
  const invoices = new InvoiceBook(database);
  const files = new InvoiceFiles(database, clock);
  const spend = new Spend(names, new SpendPolicies(database), new SpendWatch(database, accounts, rating, clock));
  return {
    partners: new Partners(registry),
    domains: new Domains(registry, names, clusters, spend),
    accounts: new Accounts(registry, names, usage, spend),
    accountTokens: new AccountTokens(registry),
    deletedMail: new DeletedMail(registry, ownersOf, rpc),
    aliases: new Aliases(registry, names),
    apiKeys: new ApiKeys(registry, names),
    clusters,
    nodes: new ClusterNodes(clusters, reader, spend),
    volumes: new ClusterVolumes(clusters, reader),
    backups: new ClusterBackups(clusters, registry, rpc),
    tiering: new ClusterTiering(clusters, rpc),
    queue: new ClusterQueue(clusters, names, rpc),
    domainPins: new DomainPins(registry, clusters, database),
    rebalance: new Rebalance(clusters, database),
    moves: new Moves(registry, clusters, database),
    joinTokens: new JoinTokens(database, clusters, members, ground, spend),
    alerts: new Alerts(clusters, new AlertBook(database, clock), new AlertChannels(database, random, clock)),
    usage: new Usage(registry, names, usageReader, meterStore, clock),
    findings: new Findings(names, new UsageFindings(database, clock)),
    meters: new Meters(names, meterStore, ingestion, settings.ROOKERY_API_USAGE_BATCH_MAX),
    billing,
    prices: new Prices(names, new Catalogue(database), subscriptions, billing, clock),
    terms: new Terms(names, billing, subscriptions, commitments, new Coupons(database, clock), changes),
    taxTerms: new TaxTerms(names, accounts, new Taxes(database, clock), changes, clock),
    evidence: new Evidence(names, accounts, new PostgresUsageEvidence(database), clock),
    invoices: new Invoices(names, invoices, new InvoiceFinalization(database, accounts, rating, clock), files),
    explorer: new Explorer(names, invoices, new InvoiceExplorer(database, accounts, rating, usageReader)),
    monthToDate: new MonthToDate(names, rating),
    spend,
    disputes: new Disputes(names, invoices, new DisputeLedger(database, clock), new DisputeBook(database)),
    documents: new Documents(names, new CreditNotes(database), files, new Statements(database, clock)),
    profiles: new BillingProfiles(names, new ProfileStore(database), new Seller(database)),
    webhooks: new Webhooks(names, new WebhookEndpoints(database, random), new InvoiceTasks(database, clock)),
    ...paymentUseCases(settings, names, invoices, database, clock),
    docs: new Docs(API_VERSION),
  };
}
