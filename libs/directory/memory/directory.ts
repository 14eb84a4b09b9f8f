import { DEFAULT_PASSWORD_COST, type PasswordCost } from '#directory/api';
import { type Clock, present, type Random } from '#stdx';
import { MemoryDirectoryLookup } from './lookup.ts';
import { MemoryDirectoryRegistry } from './registry.ts';
import { type MailboxEvent, type MemoryCluster, type MemoryVolume, Tables } from './tables.ts';

export interface MemoryDirectoryOptions {
  readonly clusters: readonly MemoryCluster[];
  readonly volumes: readonly MemoryVolume[];
  readonly clock: Clock;
  readonly random: Random;
  /** Tests take a cheap one. */
  readonly passwordCost?: PasswordCost;
}

/** A whole directory in memory: what is written through `registry` is seen by `lookup` at once. */
export class MemoryDirectory {
  readonly registry: MemoryDirectoryRegistry;
  readonly lookup: MemoryDirectoryLookup;
  private readonly tables = new Tables();

  constructor(options: MemoryDirectoryOptions) {
    for (const cluster of options.clusters) this.tables.clusters.set(cluster.id, cluster);
    for (const volume of options.volumes) this.tables.volumes.set(volume.id, volume);
    this.lookup = new MemoryDirectoryLookup(this.tables);
    this.registry = new MemoryDirectoryRegistry(
      this.tables,
      options.clock,
      options.random,
      options.passwordCost ?? DEFAULT_PASSWORD_COST,
    );
  }

  /** Makes an account one of before SCRAM keys were kept. */
  forgetScramKeys(accountId: string): void {
    const account = present(this.tables.accounts.get(accountId), 'an account');
    this.tables.accounts.set(accountId, { ...account, scramKeys: null });
    this.tables.changed(account.email);
  }

  /** Mailboxes begun and ended, in order. */
  get usage(): readonly MailboxEvent[] {
    return this.tables.usage;
  }
}
