import { z } from 'zod';
import * as alert from './alert.ts';
import { route } from './route.ts';

/** What needs an operator, and who is told. */
export const ALERT_ROUTES = {
  listAlerts: route({
    id: 'listAlerts',
    method: 'GET',
    path: '/clusters/{cluster}/alerts',
    tag: 'Alerts',
    summary: 'Alerts of a cluster, the latest first',
    scope: 'read',
    query: alert.AlertQuery,
    status: 200,
    response: z.object({ items: z.array(alert.Alert) }),
    errors: ['cluster_not_found'],
  }),
  listAlertChannels: route({
    id: 'listAlertChannels',
    method: 'GET',
    path: '/clusters/{cluster}/alert-channels',
    tag: 'Alerts',
    summary: 'Who is told of a cluster’s alerts',
    scope: 'operator',
    status: 200,
    response: z.object({ items: z.array(alert.AlertChannel) }),
    errors: ['cluster_not_found'],
  }),
  createAlertChannel: route({
    id: 'createAlertChannel',
    method: 'POST',
    path: '/clusters/{cluster}/alert-channels',
    tag: 'Alerts',
    summary: 'Have a mail address or a webhook told',
    scope: 'operator',
    body: alert.CreateAlertChannel,
    status: 201,
    response: alert.NewAlertChannel,
    errors: ['cluster_not_found', 'conflict', 'limit_reached'],
  }),
  deleteAlertChannel: route({
    id: 'deleteAlertChannel',
    method: 'DELETE',
    path: '/clusters/{cluster}/alert-channels/{alertChannel}',
    tag: 'Alerts',
    summary: 'Tell it no more',
    scope: 'operator',
    status: 204,
    errors: ['cluster_not_found', 'alert_channel_not_found'],
  }),
} as const;
