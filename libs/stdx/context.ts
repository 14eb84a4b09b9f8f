/** Who is asking. Every call into an engine takes it first; it knows none of the floors above. */
export interface RequestContext {
  /** The partner whose data the call may touch; `undefined` only for the system itself and operators. */
  readonly partnerId?: string;
  /** The account that acts, where it may be another than the one acted on: it can do there what it was granted. Unset for all others. */
  readonly accountId?: string;
  /** For logs and audit: `account:<id>`, `apikey:<id>`, `system:<part>`. */
  readonly actor: string;
  /** Ties log lines of one request or session together. */
  readonly requestId: string;
}

/** Context of work the system does on its own account. */
export function systemContext(part: string, requestId = part): RequestContext {
  return { actor: `system:${part}`, requestId };
}
