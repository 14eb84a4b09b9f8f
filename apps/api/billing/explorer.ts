import type { LineEvidence as EvidenceView, ExploredLine, InputOf, ROUTES } from '#api-schema';
import { csv, evidenceRoot } from '#billing/invoice';
import type {
  Exploration,
  ExploredEvidence,
  InvoiceBook,
  InvoiceExplorer,
  InvoiceFile,
  InvoiceSummary,
} from '#billing/postgres';
import { formatMinor, type Ratio } from '#billing/rating';
import { err, ok } from '#stdx';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import type { PartnerNames } from '../partners/partner-names.ts';

type Routes = typeof ROUTES;

const HEADINGS = [
  'line',
  'component',
  'service_month',
  'kind',
  'meter',
  'resource',
  'label',
  'from',
  'to',
  'quantity',
  'unit',
  'amount',
  'currency',
  'detail',
];

/** From a line of an invoice to what it was made of. */
export class Explorer {
  constructor(
    private readonly partners: PartnerNames,
    private readonly invoices: InvoiceBook,
    private readonly explorer: InvoiceExplorer,
  ) {}

  async line(asking: Asking, { params }: InputOf<Routes['showInvoiceLine']>): Promise<Reply<ExploredLine>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const position = Number(params.line);
    const { partnerId, invoice } = found.value;
    const [explored] = Number.isSafeInteger(position)
      ? await this.explorer.explore(partnerId, invoice.id, position)
      : [];
    if (!explored) return err({ code: 'line_not_found' });
    const { line, quantity, run, evidence } = explored;
    return ok({
      line: position,
      component: line.component,
      priceVersion: line.priceVersion,
      serviceMonth: line.serviceMonth,
      description: line.description,
      quantity,
      unit: line.unit,
      amountMinor: Number(line.minor),
      discountMinor: Number(line.discount),
      taxMinor: Number(line.tax),
      taxClass: line.taxClass,
      rating: { run: run.id, upTo: String(run.cutoff), digest: run.digest },
      evidence: evidence.length,
    });
  }

  /** A page of it, or all of it for a spreadsheet. */
  async evidence(
    asking: Asking,
    { params, query }: InputOf<Routes['listInvoiceEvidence']>,
  ): Promise<Reply<{ items: EvidenceView[]; next?: string } | InvoiceFile>> {
    const found = await this.find(asking, params);
    if (!found.ok) return found;
    const { partnerId, invoice } = found.value;
    if (query.after !== undefined && !/^\d{1,12}$/.test(query.after))
      return err({ code: 'invalid_value', errors: [{ field: 'after', reason: 'no page ended there' }] });
    const lines = await this.explorer.explore(partnerId, invoice.id, query.line);
    if (lines.length === 0 && query.line !== undefined) return err({ code: 'line_not_found' });
    const all = lines.flatMap((explored) =>
      explored.evidence
        .filter(({ resource }) => query.resource === undefined || resource === query.resource)
        .map((evidence) => ({ explored, evidence })),
    );
    if (query.format === 'csv') return ok(spreadsheet(invoice, query.line, all));
    const start = Number(query.after ?? 0);
    const items = all
      .slice(start, start + query.limit)
      .map(({ explored, evidence }) => view(partnerId, explored.position, evidence));
    const next = start + items.length;
    return ok(next < all.length ? { items, next: String(next) } : { items });
  }

  private async find(
    asking: Asking,
    params: { readonly partner: string; readonly invoice: string },
  ): Promise<Reply<{ readonly partnerId: string; readonly invoice: InvoiceSummary }>> {
    const partner = await this.partners.idOf(asking, params.partner);
    if (!partner.ok) return partner;
    const invoice = await this.invoices.find(partner.value, params.invoice);
    return invoice ? ok({ partnerId: partner.value, invoice }) : err({ code: 'invoice_not_found' });
  }
}

const iso = (instant: number): string => new Date(instant).toISOString();
const exact = ({ num, den }: Ratio): string => (den === 1n ? String(num) : `${num}/${den}`);

const view = (partnerId: string, line: number, evidence: ExploredEvidence): EvidenceView => ({
  line,
  kind: evidence.kind,
  meter: evidence.meter,
  resource: evidence.resource,
  label: evidence.label,
  from: iso(evidence.from),
  to: iso(evidence.to),
  quantity: exact(evidence.quantity),
  amountMinor: evidence.minor === null ? null : Number(evidence.minor),
  detail: evidence.detail,
  source: sourceOf(partnerId, evidence),
});

/** Which usage page has the events of a fact. */
function sourceOf(partnerId: string, { kind, meter, resource, from, to }: ExploredEvidence): string | null {
  if (meter === null || from === to) return null;
  const range = `meter=${meter}&from=${iso(from)}&to=${iso(to)}`;
  const base = `${evidenceRoot(partnerId)}/usage`;
  if (kind === 'count') return `${base}/events?${range}&subject=${encodeURIComponent(resource)}`;
  return `${base}/${kind === 'level' ? 'levels' : 'intervals'}?${range}`;
}

function spreadsheet(
  { id, number, currency }: InvoiceSummary,
  line: number | undefined,
  all: readonly { readonly explored: Exploration; readonly evidence: ExploredEvidence }[],
): InvoiceFile {
  const rows = all.map(({ explored: { position, line: head }, evidence }) => [
    String(position),
    head.component,
    head.serviceMonth,
    evidence.kind,
    evidence.meter ?? '',
    evidence.resource,
    evidence.label ?? '',
    iso(evidence.from),
    iso(evidence.to),
    exact(evidence.quantity),
    head.unit,
    evidence.minor === null ? '' : formatMinor(evidence.minor, currency),
    currency,
    evidence.detail,
  ]);
  return {
    name: `${number ?? id}${line === undefined ? '' : `-line-${line}`}-evidence.csv`,
    mediaType: 'text/csv; charset=utf-8',
    bytes: Buffer.from(csv([HEADINGS, ...rows])),
  };
}
