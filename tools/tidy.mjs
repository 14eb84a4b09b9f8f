// What the linters do not look at: file length, banned calls and words, READMEs, references between projects.
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { root } from './bootstrap.mjs';

const FILE_LINES_MAX = 400;
const BANNED_FOLDERS = /^(common|shared|utils?|core|helpers?)$/;
const BANNED_NAMES = /(Manager|Helper|Impl)\b|\bAbstract[A-Z]/;
/** Globals with an argument to take instead; allowed where the system clock and chance are made. */
const BANNED_IN_LIBS = [
  [/\bDate\.now\(/, 'take a Clock'],
  [/\bnew Date\(\)/, 'take a Clock'],
  [/\bset(Timeout|Interval)\(/, 'take a Clock'],
  [/\bMath\.random\(/, 'take a Random'],
  [/\bprocess\.env\b/, 'settings are parsed in apps/'],
  [/\bas any\b/, 'say the type'],
];
/** Tests and their child processes are their own composition roots. */
const LIB_EXEMPT = /^libs\/(stdx|testing|embedded)\/|[.](spec|test)[.]ts$|\/(contract|crash)\/|lock-holder[.]ts$/;
const LEFTOVER = /\b(TODO|FIXME|XXX)\b/;

const problems = [];
const sources = globSync(
  [
    'libs/**/*.ts',
    'apps/**/*.ts',
    'migrations/**/*.ts',
    'conformance/**/*.ts',
    'simulator/**/*.ts',
    'bench/**/*.ts',
    'tools/**/*.mjs',
  ],
  {
    cwd: root,
    exclude: (name) => name === 'node_modules' || name === 'dist',
  },
);

for (const file of sources) {
  const text = readFileSync(join(root, file), 'utf8');
  const lines = text.split('\n');
  const say = (line, problem) => problems.push(`${file}:${line}: ${problem}`);
  if (lines.length > FILE_LINES_MAX + 1)
    say(lines.length, `${lines.length} lines; a file past ${FILE_LINES_MAX} wants a second room`);
  if (
    dirname(file)
      .split('/')
      .some((part) => BANNED_FOLDERS.test(part))
  )
    say(1, 'a folder of this name says nothing');
  if (!/^[a-z0-9.-]+$/.test(basename(file))) say(1, 'file names are kebab-case');
  lines.forEach((line, index) => {
    if (file !== 'tools/tidy.mjs' && LEFTOVER.test(line)) say(index + 1, 'leftover');
    if (/^export .*(class|interface|type|function|const) /.test(line) && BANNED_NAMES.test(line))
      say(index + 1, 'a name of this kind says nothing');
    if (file.startsWith('libs/') && !LIB_EXEMPT.test(file)) {
      for (const [pattern, instead] of BANNED_IN_LIBS)
        if (pattern.test(line) && !/^\s*(\*|\/\/|\/\*)/.test(line)) say(index + 1, `${pattern.source}: ${instead}`);
    }
  });
}

for (const config of globSync('libs/**/tsconfig.json', { cwd: root })) {
  const folder = dirname(config);
  const readmes = [join(folder, 'README.md'), join(dirname(folder), 'README.md')];
  if (!readmes.some((readme) => readme !== 'libs/README.md' && existsSync(join(root, readme))))
    problems.push(`${folder}: no README.md says what it owns`);
}

const rootReferences = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).references.map(({ path }) => path);
for (const config of globSync('{libs,apps,migrations,conformance,simulator,bench}/**/tsconfig.json', {
  cwd: root,
  exclude: (name) => name === 'node_modules',
})) {
  if (!rootReferences.includes(dirname(config))) problems.push(`${config}: not built, name it in tsconfig.json`);
}

for (const problem of problems) process.stdout.write(`${problem}\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
