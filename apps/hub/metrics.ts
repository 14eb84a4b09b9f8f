import { Gauge, type Registry } from 'prom-client';

/** What /metrics shows of a hub besides its process: each figure read when it is asked for. */
export function hubMetrics(
  registry: Registry,
  figures: Readonly<Record<string, { help: string; read(): number }>>,
): void {
  for (const [name, { help, read }] of Object.entries(figures))
    new Gauge({
      name: `rookery_hub_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
}
