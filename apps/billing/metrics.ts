import { Counter, Gauge, type Registry } from 'prom-client';
import type { IngestSummary } from '#metering';

/** What billing counts about itself. */
export class BillingMetrics {
  private readonly events: Counter<'road' | 'outcome'>;
  readonly backlog: Gauge;
  readonly backlogAge: Gauge;
  private readonly jobFailures: Counter<'job'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.events = new Counter({
      name: 'rookery_usage_events_total',
      help: 'Usage events taken in, by the road they came and what became of them.',
      labelNames: ['road', 'outcome'],
      registers,
    });
    this.backlog = new Gauge({
      name: 'rookery_usage_outbox_events',
      help: 'Usage events waiting in the outbox.',
      registers,
    });
    this.backlogAge = new Gauge({
      name: 'rookery_usage_outbox_age_seconds',
      help: 'Age of the oldest usage event in the outbox.',
      registers,
    });
    this.jobFailures = new Counter({
      name: 'rookery_billing_job_failures_total',
      help: 'Attempts of billing jobs that failed; the reason is in the log and in the job.',
      labelNames: ['job'],
      registers,
    });
  }

  countIngested(road: 'outbox' | 'queue', summary: IngestSummary): void {
    this.events.inc({ road, outcome: 'accepted' }, summary.accepted);
    this.events.inc({ road, outcome: 'duplicate' }, summary.duplicates);
    this.events.inc({ road, outcome: 'rejected' }, summary.rejected);
  }

  countJobFailure(job: string): void {
    this.jobFailures.inc({ job });
  }
}
