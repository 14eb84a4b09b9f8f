import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RELEASE } from '#stdx';

const ROOT = process.env['ROOKERY_TEST_ROOT'] ?? process.cwd();

/** A build of another release beside this one. */
export interface OtherRelease extends Disposable {
  readonly version: string;
  /** Its tree; `dist` in it. */
  readonly path: string;
}

/**
 * The release that comes so many after this one, compiled from these sources with what a next release changes: version,
 * protocol and feature level, a step of the volumes' index that waits for that level, a member in every hello and report
 * that this release does not know, and a migration. From the sources and not from the history, which a clone may not have.
 */
export function releaseAfter(by: number): OtherRelease {
  const path = mkdtempSync(join(tmpdir(), `rookery-release-${by}-`));
  const copied = ['package.json', 'tsconfig.json', 'tsconfig.base.json', 'libs', 'apps', 'migrations'];
  for (const entry of [...copied, 'dist/libs', 'dist/apps', 'dist/migrations'])
    cpSync(join(ROOT, entry), join(path, entry), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(ROOT, 'node_modules'), join(path, 'node_modules'));
  const [major, minor] = RELEASE.version.split('.');
  const version = `${major}.${Number(minor) + by}.0`;
  const { protocol, features } = RELEASE;
  edit(path, 'package.json', [`"version": "${RELEASE.version}"`, `"version": "${version}"`]);
  edit(
    path,
    'libs/stdx/release.ts',
    [`version: '${RELEASE.version}'`, `version: '${version}'`],
    [
      `protocol: { oldest: ${protocol.oldest}, newest: ${protocol.newest} }`,
      `protocol: { oldest: ${protocol.newest + by - 1}, newest: ${protocol.newest + by} }`,
    ],
    [
      `features: { oldest: ${features.oldest}, newest: ${features.newest} }`,
      `features: { oldest: ${features.oldest}, newest: ${features.newest + by} }`,
    ],
    ['({ version, protocol, features });', "({ version, protocol, features, ...{ codename: 'next' } });"],
  );
  edit(
    path,
    'libs/mailstore/volume/schema.ts',
    ['\n];\n', `\n${"  'CREATE TABLE IF NOT EXISTS next_release (x INTEGER) STRICT',\n".repeat(by)}];\n`],
    [
      'STEPS_OF_LEVELS: readonly number[] = []',
      `STEPS_OF_LEVELS: readonly number[] = [${Array(by).fill(1).join(', ')}]`,
    ],
  );
  edit(path, 'migrations/1700000025000-releases.ts', [/$/, NEXT_MIGRATION]);
  edit(
    path,
    'migrations/timeline.ts',
    ['import { Releases1700000025000 }', 'import { NextRelease1799999999000, Releases1700000025000 }'],
    ['\n];\n', '\n  NextRelease1799999999000,\n];\n'],
  );
  const compiler = join(ROOT, 'node_modules/typescript-7/bin/tsc');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-b', 'apps/hub', 'apps/node', 'migrations'], {
    cwd: path,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the next release does not compile:\n${stdout}`);
  return { version, path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Adds what the release before does not know and does not miss. */
const NEXT_MIGRATION = `
export class NextRelease1799999999000 implements MigrationInterface {
  async up(q: QueryRunner): Promise<void> {
    await q.query("ALTER TABLE node ADD COLUMN next_release text NOT NULL DEFAULT 'unknown'");
  }
  async down(): Promise<void> {}
}
`;

/** A change that finds nothing to change would test nothing. */
function edit(tree: string, file: string, ...changes: (readonly [string | RegExp, string])[]): void {
  const path = join(tree, file);
  let text = readFileSync(path, 'utf8');
  for (const [from, to] of changes) {
    const changed = text.replace(from, () => to);
    if (changed === text) throw new Error(`${file} has no ${from}`);
    text = changed;
  }
  writeFileSync(path, text);
}
