import { CreditNoteQuery, CreditNotes, CreditNoteWithLines, Statement, StatementQuery } from './documents.ts';
import { PageQuery } from './page.ts';
import { route } from './route.ts';

const tag = 'Billing';

/** Credit notes and statements. */
export const DOCUMENT_ROUTES = {
  listCreditNotes: route({
    id: 'listCreditNotes',
    method: 'GET',
    path: '/partners/{partner}/credit-notes',
    tag,
    summary: 'What was given back, the newest first',
    scope: 'read',
    query: PageQuery,
    status: 200,
    response: CreditNotes,
    errors: ['partner_not_found'],
  }),
  showCreditNote: route({
    id: 'showCreditNote',
    method: 'GET',
    path: '/partners/{partner}/credit-notes/{creditNote}',
    tag,
    summary: 'A credit note, by id or number; JSON, PDF, XML (UBL) or HTML',
    scope: 'read',
    query: CreditNoteQuery,
    status: 200,
    response: CreditNoteWithLines,
    errors: ['partner_not_found', 'credit_note_not_found', 'conflict'],
  }),
  showStatement: route({
    id: 'showStatement',
    method: 'GET',
    path: '/partners/{partner}/statement',
    tag,
    summary: 'What was invoiced, credited and paid in whole months, and what is owed; JSON, PDF, HTML or CSV',
    scope: 'read',
    query: StatementQuery,
    status: 200,
    response: Statement,
    errors: ['partner_not_found', 'invalid_value'],
  }),
} as const;
