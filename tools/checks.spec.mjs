// The rules of the house as tests: formatting and lint, import law, dead code, tidiness.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';

const root = process.env.ROOKERY_TEST_ROOT ?? process.cwd();
const tool = (name) => join(root, 'node_modules', name);

function passes(script, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}\n${stderr}`.slice(-6_000));
}

const cruise = (folders) =>
  spawnSync(
    process.execPath,
    [tool('dependency-cruiser/bin/dependency-cruiser.mjs'), '--config', '.dependency-cruiser.cjs', ...folders],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );

describe('the house', () => {
  it('is formatted and lints clean', () =>
    passes(tool('@biomejs/biome/bin/biome'), ['check', '--error-on-warnings', '.']));
  it('keeps the import law', () => {
    const { status, stdout, stderr } = cruise(['libs', 'apps', 'migrations']);
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });
  it('has no dead code', () => passes(tool('knip/bin/knip.js'), ['--no-progress']));
  it('is tidy', () => passes(join(root, 'tools/tidy.mjs'), []));
});

describe('the import law', () => {
  it('refuses what it forbids', () => {
    // A law that finds nothing may be a law that looks at nothing: this import must be refused.
    const probe = join(root, 'libs/stdx/law-probe.spec-fixture.ts');
    writeFileSync(probe, "import type { MailStore } from '#mailstore/api';\nexport type Probe = MailStore;\n");
    try {
      const { stdout, status } = cruise(['libs/stdx']);
      assert.notEqual(status, 0);
      assert.match(stdout, /stdx-stands-alone/);
    } finally {
      rmSync(probe);
    }
  });
});
