import { type AccountSpec, type MailStore, MailStoreError } from '#mailstore/api';
import type { RpcBackupJob, RpcMethods } from '#protocol/handover';
import { type Logger, systemContext } from '#stdx';

const context = systemContext('backup');

/** Backups and restores of this node's volumes: long work, begun by one question and told of by another, one a volume at a time. */
export class BackupDesk {
  private readonly jobs = new Map<string, RpcBackupJob>();

  constructor(
    /** Where backups go; none are made without. */
    private readonly directory: string | undefined,
    private readonly logger: Logger,
  ) {}

  begin(store: MailStore): RpcBackupJob {
    const directory = this.assertDirectory();
    return this.start(store, 'backup', async () => {
      const { name, damaged } = await store.backup.createBackup(directory);
      return damaged.length === 0 ? name : `${name}; damaged: ${damaged.join(', ')}`;
    });
  }

  repair(store: MailStore): RpcBackupJob {
    const directory = this.assertDirectory();
    return this.start(store, 'repair', async () => {
      const { repaired, left } = await store.backup.repair(directory);
      return `${repaired} repaired, ${left} still damaged`;
    });
  }

  restore(store: MailStore, wish: RpcMethods['restore']['params']): RpcBackupJob {
    const from = { directory: this.assertDirectory(), name: wish.backup };
    const { account, source, mailbox, messageId, into } = wish;
    return this.start(store, 'restore', async () => {
      if (mailbox === undefined) {
        const { messages } = await store.backup.restoreAccount(context, from, source, account satisfies AccountSpec);
        return `${messages} messages`;
      }
      await store.ensureAccount(context, account);
      const { restored, present } = await store.backup.restoreMessages(
        ...[context, from],
        { accountId: source, mailbox, ...(messageId === undefined ? {} : { messageId }) },
        { accountId: account.accountId, mailbox: into ?? mailbox },
      );
      return `${restored} messages; ${present} were there`;
    });
  }

  async list(store: MailStore): Promise<RpcMethods['backups']['result']> {
    const items = await store.backup.listBackups(this.assertDirectory());
    return { items, job: this.jobs.get(store.volumeId) ?? null };
  }

  private start(store: MailStore, kind: RpcBackupJob['kind'], work: () => Promise<string>): RpcBackupJob {
    const { volumeId } = store;
    const running = this.jobs.get(volumeId);
    if (running?.state === 'running') throw new MailStoreError('modified', `a ${running.kind} is under way`);
    const told = (state: RpcBackupJob['state'], text: string): RpcBackupJob => {
      const job = { kind, state, text };
      this.jobs.set(volumeId, job);
      return job;
    };
    work().then(
      (text) => told('done', text),
      (error: unknown) => {
        this.logger.error({ error, volumeId, kind }, 'a backup or restore failed');
        told('failed', error instanceof MailStoreError ? `${error.code}: ${error.message}` : 'internal error');
      },
    );
    return told('running', '');
  }

  private assertDirectory(): string {
    if (this.directory === undefined) throw new MailStoreError('unavailable', 'ROOKERY_BACKUP_DIRECTORY is not set');
    return this.directory;
  }
}
