import { ColdStorageError, type MailStore, MailStoreError } from '#mailstore/api';
import type { RpcMethods, RpcTiering } from '#protocol/handover';
import type { Logger } from '#stdx';
import type { ColdStorages } from '../cold-storages.ts';

/** What operators ask of the cold tier of this node's volumes. */
export class TierDesk {
  constructor(
    private readonly storages: ColdStorages,
    private readonly logger: Logger,
  ) {}

  status(store: MailStore): RpcTiering {
    return { ...store.tiering.status(), problem: null };
  }

  /** Begins what is due; how far it is, `status` says. */
  run(store: MailStore): RpcTiering {
    const { volumeId, tiering } = store;
    if (tiering.status().storage === null) return { ...tiering.status(), problem: 'the volume has no cold storage' };
    tiering
      .run()
      .catch((error: unknown) => this.logger.warn({ error, volumeId }, 'moving mail to cold storage broke off'));
    return { ...tiering.status(), problem: null };
  }

  /** Marks and tries the storage before anything relies on it. */
  async set(store: MailStore, { place, rules }: RpcMethods['setTiering']['params']): Promise<RpcTiering> {
    const storage = this.storages.of(place);
    try {
      await storage.prepare();
      store.tiering.use(storage, rules);
      return { ...store.tiering.status(), problem: null };
    } catch (error) {
      if (!(error instanceof ColdStorageError || error instanceof MailStoreError)) throw error;
      return { ...store.tiering.status(), problem: error.message };
    }
  }
}
