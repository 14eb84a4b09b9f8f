import Stripe from 'stripe';

export interface StripeSettings {
  readonly apiKey: string;
  /** Another server that speaks Stripe's API, `http://127.0.0.1:12111`; Stripe's own without. */
  readonly url?: string;
  /** How long one request may take. Stripe's own default is 80 s; a charge answers within a few. */
  readonly timeoutMs?: number;
}

/** The SDK, set to the server the settings name. */
export function stripeClient({ apiKey, url, timeoutMs = 20_000 }: StripeSettings): Stripe {
  const server = url === undefined ? undefined : new URL(url);
  return new Stripe(apiKey, {
    telemetry: false,
    maxNetworkRetries: 2,
    timeout: timeoutMs,
    ...(server && {
      host: server.hostname,
      port: server.port || (server.protocol === 'http:' ? 80 : 443),
      protocol: server.protocol === 'http:' ? ('http' as const) : ('https' as const),
    }),
  });
}
