// Brings a bare checkout to where it can run: Node 24, dependencies, build. Runs on any Node from 20 with nothing installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const state = join(root, '.rookery');
const NODE_MAJOR = 24;

/** Makes sure of Node 24, dependencies and a current build, saying what it does. Returns the path of the Node binary to run with. */
export async function ensureToolchain({ quiet = false } = {}) {
  const say = quiet ? () => {} : (text) => process.stderr.write(`${text}\n`);
  const node = await ensureNode(say);
  await ensureDependencies(say);
  await ensureBuild(node, say);
  return node;
}

/** Runs a module of ours under the right Node in the foreground, handing signals on; resolves with its exit code. */
export function run(node, args, environment = {}) {
  const child = spawn(node, args, { stdio: 'inherit', cwd: process.cwd(), env: { ...process.env, ...environment } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1))));
}

async function ensureNode(say) {
  if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) return process.execPath;
  const prefix = join(state, 'toolchain');
  const binary = join(prefix, 'node_modules', 'node', 'bin', 'node');
  if (!works(binary)) {
    say(
      `Node ${process.versions.node} is here, Rookery needs ${NODE_MAJOR}: installing the npm package node@${NODE_MAJOR} into .rookery/ …`,
    );
    mkdirSync(prefix, { recursive: true });
    writeFileSync(join(prefix, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }));
    await npm(['install', '--no-audit', '--no-fund', '--no-package-lock', `node@${NODE_MAJOR}`], prefix);
    if (!works(binary))
      throw new Error(
        `The npm package node@${NODE_MAJOR} gave no working binary; install Node ${NODE_MAJOR} yourself and run this again.`,
      );
  }
  return binary;
}

const works = (binary) => existsSync(binary) && spawnSync(binary, ['--version']).status === 0;

async function ensureDependencies(say) {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.rookery-lock');
  // A linked node_modules belongs to somebody else, who keeps it.
  const linked = lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (linked || (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted)) return;
  say('Installing dependencies …');
  // Not `npm ci`: it refuses a lock file made where another platform's optional packages could not be had.
  await npm(['install', '--no-save', '--no-audit', '--no-fund'], root);
  writeFileSync(stamp, wanted);
}

async function ensureBuild(node, say) {
  if (!existsSync(join(root, 'dist'))) say('Building …');
  const result = spawnSync(node, [join(root, 'node_modules', 'typescript-7', 'bin', 'tsc'), '-b'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) throw new Error('The build failed.');
}

function npm(args, cwd) {
  const child = spawn('npm', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], shell: process.platform === 'win32' });
  let stderr = '';
  child.stderr.on('data', (chunk) => (stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(new Error(`npm cannot be run (${error.message}); install npm and run this again.`)),
    );
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`npm ${args.join(' ')} failed:\n${stderr}`)),
    );
  });
}
