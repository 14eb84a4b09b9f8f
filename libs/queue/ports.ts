import type { AccountSpec, QueueEntry } from '#mailstore/api';
import type { SmtpReply } from '#protocol/smtp';
import type { ByteStream } from '#stdx';

export interface RelayHost {
  readonly host: string;
  readonly port: number;
  readonly tls: 'never' | 'whenOffered' | 'always';
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Where an address's mail goes from here. */
export type Destination =
  /** An account on this volume: stored in the commit that removes the entry. */
  | { readonly kind: 'local'; readonly account: AccountSpec }
  /** Homed on another volume of the cluster: through a hub, which knows where. */
  | { readonly kind: 'cluster' }
  /** To the world, by its domain's MX records. */
  | { readonly kind: 'mx'; readonly domain: string }
  /** To the world, through one host. */
  | ({ readonly kind: 'relayHost' } & RelayHost)
  /** Nowhere: the reply says why, for good (5xx) or for now (4xx). */
  | { readonly kind: 'refused'; readonly reply: SmtpReply };

/** Decides where mail goes. A rejection is a reason to try later. */
export interface Destinations {
  route(forwardPath: string, entry: Pick<QueueEntry, 'partnerId' | 'reversePath'>): Promise<Destination>;
}

/** A message as a transport gets it. Recipients share one reverse-path, one blob and one destination. */
export interface OutboundMessage {
  readonly entries: readonly QueueEntry[];
  readonly reversePath: string;
  /** MAIL's: BODY, SMTPUTF8, RET, ENVID. */
  readonly parameters: ReadonlyMap<string, string | null>;
  readonly size: number;
  /** The message from its first byte, without Return-Path; may be called again for another host. */
  open(): Promise<ByteStream | Uint8Array>;
}

/** What became of one recipient. */
export type AttemptOutcome =
  | {
      readonly kind: 'delivered';
      /** The other side now owes the receipts that NOTIFY asked for. */
      readonly dsnHandedOn: boolean;
      readonly diagnostic: string;
      readonly remoteMta?: string;
    }
  | {
      /** `deferred`: try again; `failed`: never. */
      readonly kind: 'deferred' | 'failed';
      /** RFC 3463. */
      readonly status: string;
      readonly diagnostic: string;
      readonly remoteMta?: string;
    };

export interface AttemptResult {
  /** In the order of the message's entries. */
  readonly outcomes: readonly AttemptOutcome[];
  /** No server of the destination could be talked to at all: leave it alone for a while. */
  readonly unreachable: boolean;
}

/** Sends a message to a destination. Never rejects: whatever goes wrong is an outcome. */
export interface Transport {
  deliver(destination: Destination, message: OutboundMessage): Promise<AttemptResult>;
}

/** Why a name could not be resolved. */
export class ResolverError extends Error {
  override readonly name = 'ResolverError';
  constructor(
    /** `notFound`: there is no such name, or it has no such record. `temporary`: nobody could say. */
    readonly code: 'notFound' | 'temporary',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** DNS, as far as mail needs it. Rejects with `ResolverError`. Names without a trailing dot; '' is the root. */
export interface Resolver {
  mx(domain: string): Promise<readonly { readonly exchange: string; readonly preference: number }[]>;
  /** IPv6 and IPv4 addresses, those to try first at the front. */
  addresses(host: string): Promise<readonly string[]>;
}
