import { route } from './route.ts';
import { UsageQuery, UsageSummary } from './usage.ts';

/** What was used. */
export const USAGE_ROUTES = {
  showUsage: route({
    id: 'showUsage',
    method: 'GET',
    path: '/usage',
    tag: 'Usage',
    summary: 'What a partner used in a month, by meter',
    scope: 'read',
    query: UsageQuery,
    status: 200,
    response: UsageSummary,
    errors: ['partner_not_found', 'invalid_value'],
  }),
} as const;
