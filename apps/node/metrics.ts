import { Gauge, type Registry } from 'prom-client';
import type { MailStoreHealth } from '#mailstore/api';
import type { CarrierLegs } from './data/carrier-leg.ts';
import type { VolumeDesk } from './volume-desk.ts';

/** A figure of each volume served here. */
const VOLUME_FIGURES: Readonly<Record<string, { readonly help: string; read(health: MailStoreHealth): number }>> = {
  writable: { help: '1 while the volume takes writes; 0: its disk is full or failed', read: (h) => Number(h.writable) },
  commits: { help: 'Durable commits since the volume was opened', read: (h) => h.commits },
  messages_stored: { help: 'Messages stored since the volume was opened', read: (h) => h.messagesStored },
  pending_operations: { help: 'Operations waiting for a commit', read: (h) => h.pendingOperations },
  last_commit_ms: { help: 'Last commit, milliseconds', read: (h) => h.lastCommitMs },
  text_indexed_messages: {
    help: 'Messages put into the text index since the volume was opened',
    read: (h) => h.textIndex.indexedMessages,
  },
  searches_behind: {
    help: 'Text searches that had to read mail the text index had not reached',
    read: (h) => h.textIndex.searchesBehind,
  },
  last_sync_ms: { help: 'Last sync of the index, milliseconds', read: (h) => h.lastSyncMs },
  compacted_segments: { help: 'Segments emptied because most was dead', read: (h) => h.upkeep.compactedSegments },
  reclaimed_bytes: { help: 'Bytes given back by compaction', read: (h) => h.upkeep.reclaimedBytes },
  deleted_expired: { help: 'Deleted messages forgotten for good', read: (h) => h.upkeep.deletedExpired },
  scrubbed_bytes: { help: 'Bytes of messages read again and compared', read: (h) => h.upkeep.scrubbedBytes },
  tiered_messages: { help: 'Messages moved to cold storage', read: (h) => h.upkeep.tieredMessages },
  tiered_bytes: { help: 'Their bytes', read: (h) => h.upkeep.tieredBytes },
  tiered_stored_bytes: { help: 'Their bytes as stored there, compressed', read: (h) => h.upkeep.tieredStoredBytes },
  cold_bytes: { help: 'Bytes on cold storage', read: (h) => h.upkeep.coldBytes },
  cold_compacted_segments: { help: 'Cold segments emptied', read: (h) => h.upkeep.compactedColdSegments },
  cold_removed_segments: { help: 'Objects removed from cold storage', read: (h) => h.upkeep.removedColdSegments },
  cold_reads: { help: 'Requests to cold storage for mail that is read', read: (h) => h.upkeep.coldReads },
  cold_read_failures: { help: 'Those that failed; alert when it grows', read: (h) => h.upkeep.coldReadFailures },
  cold_cache_hits: { help: 'Reads of cold mail that needed no request', read: (h) => h.upkeep.coldCacheHits },
  damaged_blobs: { help: 'Stored messages known to be damaged; alert above 0', read: (h) => h.upkeep.damagedBlobs },
};

type CarrierFigures = CarrierLegs['figures'];
const CARRIER_FIGURES: Readonly<Record<string, { readonly help: string; read(figures: CarrierFigures): number }>> = {
  carriers: { help: 'Connections of hubs that carry sessions', read: (f) => f.carriers },
  carrier_channels: { help: 'Sessions on those', read: (f) => f.channels },
  carrier_sent_bytes: { help: 'Bytes sent on them since the start', read: (f) => f.bytesSent },
  carrier_received_bytes: { help: 'Bytes received on them since the start', read: (f) => f.bytesReceived },
  carrier_stalls: { help: 'Times a session had to wait for its client to read', read: (f) => f.stalls },
};

/** What /metrics shows of a node besides its process: each figure read when it is asked for. */
export function nodeMetrics(
  registry: Registry,
  desk: VolumeDesk,
  sessions: { readonly size: number },
  carriers: { readonly figures: CarrierFigures },
): void {
  const registers = [registry];
  new Gauge({
    name: 'rookery_node_sessions',
    help: 'Sessions of mail clients',
    registers,
    collect() {
      this.set(sessions.size);
    },
  });
  new Gauge({
    name: 'rookery_node_volumes',
    help: 'Volumes served',
    registers,
    collect() {
      this.set(desk.stores().length);
    },
  });
  for (const [name, { help, read }] of Object.entries(CARRIER_FIGURES))
    new Gauge({
      name: `rookery_node_${name}`,
      help,
      registers,
      collect() {
        this.set(read(carriers.figures));
      },
    });
  for (const [name, { help, read }] of Object.entries(VOLUME_FIGURES))
    new Gauge({
      name: `rookery_volume_${name}`,
      help,
      labelNames: ['volume'],
      registers,
      collect() {
        // A volume that went to another node is no figure of this one any more.
        this.reset();
        for (const { volumeId, store } of desk.stores()) this.set({ volume: volumeId }, read(store.health()));
      },
    });
}
