import { z } from 'zod';
import type { CloseOrder, LeaseGrant, NodeReport, OpenOrder, OpenReport } from '#cluster/api';

/**
 * The control protocol, hub (client) ↔ node (server): one JSON object a line, over mutual TLS by which each knows the
 * other's cluster, role and id. Hello, welcome and denied stay as they are for ever, so that any two releases can say that
 * they do not understand each other; of everything else a release sends what the protocol both know has (`RELEASE`).
 * Members of an object that the reader does not know are passed over.
 *
 *   hub → node   hello   { version, protocol, features, name, relay }
 *   node → hub   welcome { version, protocol, features, speaks }   or  denied { reason, version, protocol, features }
 *   hub → node   probe { n } · renew { grant } · open { n, order } · close { n, order } · refuse { serials }
 *   node → hub   report { n, report } · opened { n, report } · closed { n } · news { report }
 */
/** Nothing longer is read from a hub that has not said hello. */
export const HELLO_BYTES_MAX = 4_096;
/** A report of 2,000 volumes takes about 300 KB. */
export const MESSAGE_BYTES_MAX = 1 << 20;

/** Revoked certificates of one cluster whose time is not over: 20,000 take 700 KB. */
export const REFUSED_MAX = 20_000;

const id = z.string().min(1).max(100);
const epoch = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = z.string().max(2_000);
const endpoint = z.object({ host: z.string().min(1).max(255), port: z.number().int().min(0).max(65_535) });
const n = z.number().int().nonnegative();

const number = z.number().int().nonnegative().max(1_000_000);
const span = z.object({ oldest: number, newest: number });
const release = { version: z.string().max(100), protocol: span, features: span };

export const helloSchema = z.object({
  t: z.literal('hello'),
  ...release,
  name: id,
  relay: endpoint,
});
export const verdictSchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('welcome'), ...release, speaks: number }),
  z.object({ t: z.literal('denied'), reason: text, ...release }),
]);

const arguments_ = z.array(z.string().max(4_096)).max(100);
const coldTier = z.object({
  place: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('directory'), path: z.string().min(1).max(4_096) }),
    z.object({
      ...{ kind: z.literal('s3'), endpoint: z.string().max(1_000), region: id, bucket: z.string().min(1).max(255) },
      ...{ prefix: z.string().max(1_000), pathStyle: z.boolean(), credentials: id },
    }),
  ]),
  rules: z.array(z.object({ afterMs: z.number().nonnegative(), minBytes: z.number().nonnegative() })).max(100),
});
const openOrder = z.object({
  volumeId: id,
  epoch,
  mount: z.object({
    driver: z.enum(['local', 'nfs', 'smb', 'cifs', 'glusterfs', 'ceph', 'block', 'command']),
    path: z.string().min(1).max(4_096),
    args: arguments_,
  }),
  create: z.boolean(),
  featureLevel: number,
  fence: arguments_.nullable(),
  cold: coldTier.nullable().default(null),
  lockWaitMs: z.number().nonnegative(),
  instance: id,
  stamp: z.number(),
});
const grant = z.object({
  instance: id,
  stamp: z.number(),
  volumes: z.array(z.object({ volumeId: id, epoch })).max(10_000),
});
export const requestSchema: z.ZodType<Request> = z.discriminatedUnion('t', [
  z.object({ t: z.literal('probe'), n }),
  z.object({ t: z.literal('renew'), grant }),
  z.object({ t: z.literal('open'), n, order: openOrder }),
  z.object({ t: z.literal('close'), n, order: z.object({ volumeId: id, belowEpoch: epoch, reason: text }) }),
  z.object({ t: z.literal('refuse'), serials: z.array(z.string().regex(/^[0-9a-f]{1,40}$/)).max(REFUSED_MAX) }),
]);

const steps = z
  .array(z.object({ step: z.enum(['mount', 'identify', 'lock', 'fence', 'open']), durationMs: z.number() }))
  .max(1_000);
const amount = z.number().nonnegative();
const storage = z.object({
  diskBytes: amount,
  diskFreeBytes: amount,
  trouble: z.enum(['readOnly', 'full']).nullable(),
});
const report = z.object({
  instance: id,
  ...release,
  stopping: z.boolean(),
  stamp: z.number(),
  volumes: z
    .array(
      z.object({
        volumeId: id,
        epoch,
        state: z.enum(['opening', 'serving', 'closing', 'released', 'fenced', 'failed']),
        reason: text.exactOptional(),
        writable: z.boolean(),
        storage: storage.exactOptional(),
      }),
    )
    .max(10_000),
});
const refusal = z.enum(['superseded', 'mountFailed', 'wrongIdentity', 'openFailed', 'leaseExpired', 'notMe']);
const openReport = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), steps }),
  z.object({ ok: z.literal(false), refusal, reason: text, steps }),
]);
export const answerSchema: z.ZodType<Answer | News> = z.discriminatedUnion('t', [
  z.object({ t: z.literal('news'), report }),
  z.object({ t: z.literal('report'), n, report }),
  z.object({ t: z.literal('opened'), n, report: openReport }),
  z.object({ t: z.literal('closed'), n }),
]);

export type Hello = z.infer<typeof helloSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Request =
  | { readonly t: 'probe'; readonly n: number }
  | { readonly t: 'renew'; readonly grant: LeaseGrant }
  | { readonly t: 'open'; readonly n: number; readonly order: OpenOrder }
  | { readonly t: 'close'; readonly n: number; readonly order: CloseOrder }
  /** All certificates of the cluster that are revoked, by serial. */
  | { readonly t: 'refuse'; readonly serials: readonly string[] };
export type Answer =
  | { readonly t: 'report'; readonly n: number; readonly report: NodeReport }
  | { readonly t: 'opened'; readonly n: number; readonly report: OpenReport }
  | { readonly t: 'closed'; readonly n: number };
/** Said without being asked, when a volume came or went. */
export type News = { readonly t: 'news'; readonly report: NodeReport };
