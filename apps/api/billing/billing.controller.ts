import { Controller, Headers, StreamableFile } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { ok } from '#stdx';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Billing } from './billing.ts';
import { Evidence } from './evidence.ts';

type Routes = typeof ROUTES;

@Controller()
export class BillingController {
  constructor(
    private readonly billing: Billing,
    private readonly evidence: Evidence,
  ) {}

  @Needs('read')
  @Operation(ROUTES.previewInvoice)
  async preview(
    @By() asking: Asking,
    @Input() input: InputOf<Routes['previewInvoice']>,
    @Headers('accept') accept: string | undefined,
  ) {
    if (!wantsPdf(input.query.format, accept)) return this.billing.preview(asking, input);
    const document = await this.billing.previewPdf(asking, input);
    if (!document.ok) return document;
    const { bytes, name } = document.value;
    return ok(new StreamableFile(bytes, { type: 'application/pdf', disposition: `inline; filename="${name}"` }));
  }

  @Needs('read')
  @Operation(ROUTES.showSubscription)
  subscription(@By() asking: Asking, @Input() input: InputOf<Routes['showSubscription']>) {
    return this.billing.subscription(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listUsageIntervals)
  intervals(@By() asking: Asking, @Input() input: InputOf<Routes['listUsageIntervals']>) {
    return this.evidence.intervals(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listUsageLevels)
  levels(@By() asking: Asking, @Input() input: InputOf<Routes['listUsageLevels']>) {
    return this.evidence.levels(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listUsageHours)
  hours(@By() asking: Asking, @Input() input: InputOf<Routes['listUsageHours']>) {
    return this.evidence.hours(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.listUsageEvents)
  events(@By() asking: Asking, @Input() input: InputOf<Routes['listUsageEvents']>) {
    return this.evidence.events(asking, input);
  }
}

/** What the query says, else what the client would rather have: JSON unless it names PDF and not JSON. */
const wantsPdf = (format: 'json' | 'pdf' | undefined, accept = ''): boolean =>
  format === undefined ? /application\/pdf/i.test(accept) && !/application\/json/i.test(accept) : format === 'pdf';
