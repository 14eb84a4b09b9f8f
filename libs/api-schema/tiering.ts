import { z } from 'zod';
import { route } from './route.ts';

const directory = z.strictObject({
  kind: z.literal('directory'),
  path: z.string().startsWith('/').max(4_096).describe('On a mount that every node that may own the volume has'),
});
const region = z.string().min(1).max(100);
const prefix = z.string().max(500).describe('In front of every object’s name');
const pathStyle = z.boolean().describe('endpoint/bucket/object rather than bucket.endpoint/object');
const credentials = z.string().min(1).max(100).describe('What the nodes call their keys; the keys never come here');
const bucket = z.string().min(3).max(255);
const afterDays = z.number().min(0).max(36_500).describe('By the message’s internal date');
const minBytes = z.int().min(0);

const ColdPlace = z
  .discriminatedUnion('kind', [
    directory,
    z.strictObject({ kind: z.literal('s3'), endpoint: z.url(), region, bucket, prefix, pathStyle, credentials }),
  ])
  .meta({ id: 'ColdPlace' });

const SetColdPlace = z
  .discriminatedUnion('kind', [
    directory,
    z.strictObject({
      kind: z.literal('s3'),
      endpoint: z.url({ protocol: /^https?$/ }).max(1_000),
      region: region.default('us-east-1'),
      bucket,
      prefix: prefix.default(''),
      pathStyle: pathStyle.default(true),
      credentials: credentials.default('default'),
    }),
  ])
  .meta({ id: 'SetColdPlace' });

const TierRule = z.strictObject({ afterDays, minBytes }).meta({ id: 'TierRule' });
const SetTierRule = z.strictObject({ afterDays, minBytes: minBytes.default(0) }).meta({ id: 'SetTierRule' });

export const SetTiering = z
  .strictObject({
    place: SetColdPlace.exactOptional().describe(
      'Left out, it stays; another one only while the volume has no cold mail',
    ),
    rules: z.array(SetTierRule).max(16).describe('Mail goes by any of them; none: no more goes, what is cold stays'),
  })
  .meta({ id: 'SetTiering' });

export const Tiering = z
  .object({
    place: ColdPlace.nullable(),
    rules: z.array(TierRule),
    storage: z.string().nullable().describe('As the volume’s owner uses it; null while it has none'),
    running: z.boolean(),
    hotBytes: z.int().describe('Of records, dead ones included'),
    coldBytes: z.int().describe('As stored, compressed'),
    coldSegments: z.int(),
    dueSegments: z.int().describe('Hot segments still to be looked at'),
    dueBytes: z.int(),
    movedMessages: z.int().describe('Since the owner opened the volume'),
    movedBytes: z.int(),
    movedStoredBytes: z.int(),
    trouble: z.string().nullable().describe('Why the work last broke off'),
  })
  .meta({ id: 'Tiering' });

const errors = ['cluster_not_found', 'volume_not_found', 'node_unreachable'] as const;
const path = '/clusters/{cluster}/volumes/{volume}/tiering' as const;

/** The cold tier of volumes. */
export const TIERING_ROUTES = {
  showTiering: route({
    ...{ id: 'showTiering', method: 'GET', path, tag: 'Volumes', scope: 'operator', status: 200, response: Tiering },
    summary: 'Where a volume’s old mail goes, which, and how far that is',
    errors: [...errors],
  }),
  setTiering: route({
    ...{ id: 'setTiering', method: 'PATCH', path, tag: 'Volumes', scope: 'operator', status: 200, response: Tiering },
    summary: 'Say where a volume’s old mail goes, and which; the storage is tried first',
    body: SetTiering,
    errors: [...errors, 'invalid_value', 'conflict'],
  }),
  runTiering: route({
    ...{ id: 'runTiering', method: 'POST', path: `${path}/run`, tag: 'Volumes', scope: 'operator', status: 202 },
    response: Tiering,
    summary: 'Begin to move all that is due to cold storage, rather than by and by',
    errors: [...errors, 'conflict'],
  }),
} as const;

export type ColdPlace = z.output<typeof ColdPlace>;
export type Tiering = z.output<typeof Tiering>;
