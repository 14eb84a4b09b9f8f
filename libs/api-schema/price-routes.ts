import { Subscription } from './billing.ts';
import { ChangeSubscription, PublishedPriceList, PublishPriceList } from './price.ts';
import { route } from './route.ts';

/** What use costs, and who pays by which prices. */
export const PRICE_ROUTES = {
  publishPriceList: route({
    id: 'publishPriceList',
    method: 'POST',
    path: '/price-lists',
    tag: 'Billing',
    summary: 'Publish a version of a price list; it is never changed, and in force for nobody yet',
    scope: 'operator',
    body: PublishPriceList,
    status: 201,
    response: PublishedPriceList,
    errors: ['partner_not_found', 'invalid_value'],
  }),
  changeSubscription: route({
    id: 'changeSubscription',
    method: 'POST',
    path: '/partners/{partner}/subscription',
    tag: 'Billing',
    summary: 'Have a partner pay by another price list version from a date on',
    scope: 'operator',
    body: ChangeSubscription,
    status: 200,
    response: Subscription,
    errors: ['partner_not_found', 'price_list_not_found', 'invalid_value'],
  }),
} as const;
