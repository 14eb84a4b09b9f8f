import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { CloseOrder, LeaseGrant, NodeReport, OpenOrder, OpenReport } from '#cluster/api';

/**
 * The control protocol, hub (client) ↔ node (server): one JSON object a line.
 *
 *   node → hub   challenge { protocol, node, nonce }
 *   hub → node   hello     { protocol, cluster, node, hub, name, relay, nonce, mac }
 *   node → hub   welcome   { mac }                       or  denied { reason }
 *   hub → node   probe { n } · renew { grant } · open { n, order } · close { n, order }
 *   node → hub   report { n, report } · opened { n, report } · closed { n } · news { report }
 *
 * Both sides prove that they hold the cluster's key over both nonces and everything the hello says, so that neither a
 * stranger nor a replayed or altered hello gets past the first line.
 */
export const CONTROL_PROTOCOL = 1;
/** Nothing longer is read from somebody who has not proved who they are. */
export const HELLO_BYTES_MAX = 4_096;
/** A report of 2,000 volumes takes about 300 KB. */
export const MESSAGE_BYTES_MAX = 1 << 20;
export const NONCE_BYTES = 32;

const id = z.string().min(1).max(100);
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const epoch = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const text = z.string().max(2_000);
const endpoint = z.object({ host: z.string().min(1).max(255), port: z.number().int().min(0).max(65_535) });
const n = z.number().int().nonnegative();

export const challengeSchema = z.object({
  t: z.literal('challenge'),
  protocol: z.literal(CONTROL_PROTOCOL),
  node: id,
  nonce: hex,
});
export const helloSchema = z.object({
  t: z.literal('hello'),
  protocol: z.literal(CONTROL_PROTOCOL),
  cluster: id,
  node: id,
  hub: id,
  name: id,
  relay: endpoint,
  nonce: hex,
  mac: hex,
});
export const verdictSchema = z.discriminatedUnion('t', [
  z.object({ t: z.literal('welcome'), mac: hex }),
  z.object({ t: z.literal('denied'), reason: text }),
]);

const arguments_ = z.array(z.string().max(4_096)).max(100);
const openOrder = z.object({
  volumeId: id,
  epoch,
  mount: z.object({
    driver: z.enum(['local', 'nfs', 'smb', 'cifs', 'glusterfs', 'ceph', 'block', 'command']),
    path: z.string().min(1).max(4_096),
    args: arguments_,
  }),
  create: z.boolean(),
  fence: arguments_.nullable(),
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
]);

const steps = z
  .array(z.object({ step: z.enum(['mount', 'identify', 'lock', 'fence', 'open']), durationMs: z.number() }))
  .max(1_000);
const report = z.object({
  instance: id,
  version: z.string().max(100),
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

export type Challenge = z.infer<typeof challengeSchema>;
export type Hello = z.infer<typeof helloSchema>;
export type Verdict = z.infer<typeof verdictSchema>;
export type Request =
  | { readonly t: 'probe'; readonly n: number }
  | { readonly t: 'renew'; readonly grant: LeaseGrant }
  | { readonly t: 'open'; readonly n: number; readonly order: OpenOrder }
  | { readonly t: 'close'; readonly n: number; readonly order: CloseOrder };
export type Answer =
  | { readonly t: 'report'; readonly n: number; readonly report: NodeReport }
  | { readonly t: 'opened'; readonly n: number; readonly report: OpenReport }
  | { readonly t: 'closed'; readonly n: number };
/** Said without being asked, when a volume came or went. */
export type News = { readonly t: 'news'; readonly report: NodeReport };

/** What both proofs cover. The role keeps one side's proof from being sent back as the other's. */
export function proof(
  role: 'hub' | 'node',
  key: Uint8Array,
  hello: Omit<Hello, 'mac'>,
  challengeNonce: string,
): string {
  const { cluster, node, hub, name, relay, nonce, protocol } = hello;
  const said = JSON.stringify([
    protocol,
    role,
    cluster,
    node,
    hub,
    name,
    relay.host,
    relay.port,
    nonce,
    challengeNonce,
  ]);
  return createHmac('sha256', key).update(said).digest('hex');
}

/** In constant time. */
export function sameProof(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given, 'hex'), Buffer.from(wanted, 'hex')];
  return a.length === b.length && timingSafeEqual(a, b);
}
