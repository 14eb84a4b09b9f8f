import { ALERT_ROUTES } from './alert-routes.ts';
import { BILLING_ROUTES } from './billing-routes.ts';
import { CLUSTER_ROUTES } from './cluster-routes.ts';
import { DIRECTORY_ROUTES } from './directory-routes.ts';
import { DISPUTE_ROUTES } from './dispute-routes.ts';
import { DOCUMENT_ROUTES } from './document-routes.ts';
import { EXPLORER_ROUTES } from './explorer-routes.ts';
import { MEMBER_ROUTES } from './member-routes.ts';
import { METER_ROUTES } from './meter-routes.ts';
import { MOVE_ROUTES } from './move-routes.ts';
import { PAYMENT_ROUTES } from './payment-routes.ts';
import { PRICE_ROUTES } from './price-routes.ts';
import type { Route } from './route.ts';
import { SPEND_ROUTES } from './spend-routes.ts';
import { TERMS_ROUTES } from './terms-routes.ts';
import { TIERING_ROUTES } from './tiering.ts';
import { USAGE_ROUTES } from './usage-routes.ts';
import { WEBHOOK_ROUTES } from './webhook-routes.ts';

/** Every operation of the API. Controllers, CLI, OpenAPI and docs are made from it. */
export const ROUTES = {
  ...DIRECTORY_ROUTES,
  ...CLUSTER_ROUTES,
  ...TIERING_ROUTES,
  ...MEMBER_ROUTES,
  ...ALERT_ROUTES,
  ...MOVE_ROUTES,
  ...USAGE_ROUTES,
  ...METER_ROUTES,
  ...BILLING_ROUTES,
  ...PRICE_ROUTES,
  ...TERMS_ROUTES,
  ...DOCUMENT_ROUTES,
  ...EXPLORER_ROUTES,
  ...SPEND_ROUTES,
  ...PAYMENT_ROUTES,
  ...DISPUTE_ROUTES,
  ...WEBHOOK_ROUTES,
} as const satisfies Record<string, Route>;

export type RouteId = keyof typeof ROUTES;
