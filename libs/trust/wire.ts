import { z } from 'zod';

/**
 * What new and present members say to the control plane's two doors, JSON over TLS:
 *
 *   POST /join    on the join door, the door's certificate checked against the token's fingerprint
 *   POST /renew   on the renewal door, mutual TLS with the certificate that is to be renewed
 *
 * A refusal is { reason } with a status of 4xx; trying again does not help.
 */
export const JOIN_PATH = '/join';
export const RENEW_PATH = '/renew';
export const BODY_BYTES_MAX = 16_384;

const pem = z.string().max(8_192);
const endpoint = z.object({ host: z.string().min(1).max(255), port: z.int().min(1).max(65_535) });

export const joinRequestSchema = z.strictObject({
  secret: z.string().max(100),
  role: z.enum(['hub', 'node']),
  /** What it calls itself, unless the token says so. */
  name: z.string().min(1).max(100),
  request: pem,
  /** A node's own: where hubs control it and hand sessions to it. */
  control: endpoint.exactOptional(),
  data: endpoint.exactOptional(),
});

export const joinAnswerSchema = z.object({
  memberId: z.string(),
  name: z.string(),
  certificate: pem,
  /** Hex; signs hand-overs. */
  signingKey: z.string(),
  renewal: endpoint,
  /** Services of the cluster that the member uses unless its own settings say otherwise. */
  services: z.object({
    databaseUrl: z.string().exactOptional(),
    redisUrl: z.string().exactOptional(),
    apiUrl: z.string().exactOptional(),
  }),
});

export const renewRequestSchema = z.strictObject({ request: pem });
export const renewAnswerSchema = z.object({ certificate: pem });
export const refusalSchema = z.object({ reason: z.string().max(2_000) });

export type JoinRequest = z.infer<typeof joinRequestSchema>;
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;
export type RenewRequest = z.infer<typeof renewRequestSchema>;
export type RenewAnswer = z.infer<typeof renewAnswerSchema>;
