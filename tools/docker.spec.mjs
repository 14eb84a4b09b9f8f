// The compose file cannot be run without a Docker engine; what can be known without one is checked here.
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';

const root = process.env.ROOKERY_TEST_ROOT ?? process.cwd();
const compose = parse(readFileSync(join(root, 'docker/compose.yaml'), 'utf8'), { merge: true });
const services = Object.entries(compose.services);
const ours = services.filter(([, service]) => service.image === 'rookery');

describe('docker/observability', () => {
  it('scrapes services that the compose file starts', () => {
    const { scrape_configs } = parse(readFileSync(join(root, 'docker/observability/prometheus.yml'), 'utf8'));
    const targets = scrape_configs.flatMap((job) => job.static_configs.flatMap((each) => each.targets));
    assert.deepEqual(targets.map((target) => target.split(':')[0]).sort(), [
      ...['api', 'billing', 'hub-1', 'hub-2', 'node-1', 'node-2', 'node-3'],
    ]);
  });

  it('has rules with a condition and a sentence each', () => {
    const { groups } = parse(readFileSync(join(root, 'docker/observability/rules.yml'), 'utf8'));
    for (const { alert, expr, annotations } of groups.flatMap(({ rules }) => rules))
      assert.ok(alert && expr && annotations.summary, alert);
  });
});

describe('docker/compose.yaml', () => {
  it('has two hubs, three nodes, PostgreSQL and Redis', () => {
    const names = services.map(([name]) => name);
    for (const name of ['postgres', 'redis', 'api', 'billing', 'hub-1', 'hub-2', 'node-1', 'node-2', 'node-3'])
      assert.ok(names.includes(name), name);
  });

  it('starts entry modules that the build makes', () => {
    for (const [name, service] of ours) {
      const entry = /dist\/[\w/-]+[.]js/.exec(
        [...(service.entrypoint ?? []), ...(service.command ?? [])].join(' '),
      )?.[0];
      assert.ok(entry && existsSync(join(root, entry)), `${name}: ${entry}`);
    }
  });

  it('names only settings that an app reads', () => {
    const source = globSync('apps/**/*.ts', { cwd: root })
      .map((file) => readFileSync(join(root, file), 'utf8'))
      .join('\n');
    for (const [name, service] of ours) {
      for (const setting of Object.keys(service.environment ?? {}))
        assert.match(source, new RegExp(`\\b${setting}\\b`), `${name}: ${setting}`);
    }
  });

  it('mounts only volumes it declares', () => {
    for (const [name, service] of services) {
      for (const mount of service.volumes ?? []) {
        const [source] = mount.split(':');
        const known = source.startsWith('./') ? existsSync(join(root, 'docker', source)) : source in compose.volumes;
        assert.ok(known, `${name}: ${mount}`);
      }
    }
  });
});
