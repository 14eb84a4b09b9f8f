/** Whose connection it is. */
export interface ProxiedClient {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  /** Not a header: the connection is to be dropped, as proxy-protocol.txt §2 asks. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** A header of `length` bytes. `client` is null where the balancer speaks for itself (health checks) or names no address. */
  | { readonly kind: 'header'; readonly length: number; readonly client: ProxiedClient | null };
