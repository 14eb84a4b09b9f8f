import type { UsageEvent } from './usage-event.ts';

/** How often a volume's owner says what it holds. A quarter of an hour (docs/BILLING.md); the level holds until the next sample. */
export const STORAGE_SAMPLE_INTERVAL_MS = 900_000;

/**
 * One sample of what a partner stores on a volume: take one when a volume is opened and one every interval, and one of 0
 * bytes when the partner's last message is gone. `at` is milliseconds.
 */
export function storageSample(sample: {
  readonly volumeId: string;
  readonly volumeName?: string;
  readonly partnerId: string;
  readonly bytes: number;
  readonly at: number;
}): UsageEvent {
  const at = new Date(sample.at).toISOString();
  return {
    id: `storage~${sample.volumeId}~${at}`,
    source: `volume:${sample.volumeId}`,
    partnerId: sample.partnerId,
    at,
    subject: sample.volumeId,
    ...(sample.volumeName ? { label: sample.volumeName } : {}),
    kind: 'gauge',
    meter: 'storage-bytes',
    value: sample.bytes,
  };
}
