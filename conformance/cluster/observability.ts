import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(process.env['ROOKERY_TEST_ROOT'] ?? process.cwd(), 'docker/observability');

/** Names of metrics that the dashboard and the alert rules of docker/ ask for. */
export function metricsAskedFor(): readonly string[] {
  const text = ['dashboard.json', 'rules.yml'].map((file) => readFileSync(join(FOLDER, file), 'utf8')).join('\n');
  return [...new Set(text.match(/\b(rookery|nodejs|process)_[a-z0-9_]+/g))].sort();
}

/** Names of metrics in a text of Prometheus' exposition format. */
export function metricsShown(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', kind]) => namesOf(name, kind)));
}

const namesOf = (name: string, kind: string | undefined): readonly string[] =>
  kind === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name];
