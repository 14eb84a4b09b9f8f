import { z } from 'zod';
import { CreateMeter, Meter, MeterQuery, Meters, UsageCloudEvent, UsageEventsBody, UsageOutcomes } from './meter.ts';
import { route } from './route.ts';

/** What partners count themselves: its meters, and the events that feed them. */
export const METER_ROUTES = {
  listMeters: route({
    id: 'listMeters',
    method: 'GET',
    path: '/meters',
    tag: 'Usage',
    summary: 'Add-on meters: the partner’s own and the operator’s',
    scope: 'read',
    query: MeterQuery,
    status: 200,
    response: Meters,
    errors: ['partner_not_found'],
  }),
  createMeter: route({
    id: 'createMeter',
    method: 'POST',
    path: '/meters',
    tag: 'Usage',
    summary: 'Make an add-on meter; what it counts never changes',
    scope: 'write',
    body: CreateMeter,
    status: 201,
    response: Meter,
    errors: ['partner_not_found', 'conflict', 'limit_reached'],
  }),
  archiveMeter: route({
    id: 'archiveMeter',
    method: 'DELETE',
    path: '/meters/{meter}',
    tag: 'Usage',
    summary: 'Take no more events for it, by code; what was counted is billed',
    scope: 'write',
    query: MeterQuery,
    status: 204,
    errors: ['partner_not_found', 'meter_not_found'],
  }),
  sendUsageEvents: route({
    id: 'sendUsageEvents',
    method: 'POST',
    path: '/usage/events',
    tag: 'Usage',
    summary: 'Events of add-on meters: one CloudEvent, or a batch whose events are each judged by themselves',
    scope: 'usage',
    query: MeterQuery,
    body: UsageEventsBody,
    media: {
      'application/cloudevents+json': UsageCloudEvent,
      'application/cloudevents-batch+json': z.array(UsageCloudEvent),
    },
    status: 200,
    response: UsageOutcomes,
    errors: ['partner_not_found', 'invalid_value', 'event_conflict'],
  }),
} as const;
