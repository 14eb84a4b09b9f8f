import { EvidenceOfQuery, ExploredLine, LineEvidences } from './explorer.ts';
import { route } from './route.ts';

const tag = 'Billing';

/** From a line down to what it was made of. */
export const EXPLORER_ROUTES = {
  showInvoiceLine: route({
    id: 'showInvoiceLine',
    method: 'GET',
    path: '/partners/{partner}/invoices/{invoice}/lines/{line}',
    tag,
    summary: 'A line with its exact quantity and the rating it is of, by position',
    scope: 'read',
    status: 200,
    response: ExploredLine,
    errors: ['partner_not_found', 'invoice_not_found', 'line_not_found'],
  }),
  listInvoiceEvidence: route({
    id: 'listInvoiceEvidence',
    method: 'GET',
    path: '/partners/{partner}/invoices/{invoice}/evidence',
    tag,
    summary: 'The facts behind an invoice or one line, as they were billed; JSON or CSV',
    scope: 'read',
    query: EvidenceOfQuery,
    status: 200,
    response: LineEvidences,
    errors: ['partner_not_found', 'invoice_not_found', 'line_not_found', 'invalid_value'],
  }),
} as const;
