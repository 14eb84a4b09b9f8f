import { parseArgs } from 'node:util';
import { Client } from './client.ts';
import type { Command } from './command.ts';
import { RefusedError, UnreachableError, UsageError } from './failure.ts';
import { commandHelp, generalHelp, nounHelp } from './help.ts';
import { NOUNS } from './nouns.ts';
import { ProgressBar, progressLines, type Screen } from './progress.ts';
import { findTarget } from './target.ts';

/** What the process gives the command line. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readInput: () => Promise<string>;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Where progress is drawn; lines by `complain` when it is no terminal. */
  readonly screen?: Screen | undefined;
}

/** Nouns the interface names that this version has not. */
const NOT_YET = ['group', 'token', 'trace'];

/** Runs one command line; returns the exit code: 0 done, 1 refused, 2 called wrongly, 3 nobody answers. */
export async function runCli(argv: readonly string[], terminal: Terminal): Promise<number> {
  const json = argv.includes('--json');
  try {
    await dispatch(argv, terminal);
    return 0;
  } catch (error) {
    if (error instanceof RefusedError) {
      if (json) terminal.print(JSON.stringify({ error: error.problem }, null, 2));
      terminal.complain(error.message);
      return 1;
    }
    if (error instanceof UsageError || error instanceof UnreachableError) {
      terminal.complain(error.message);
      return error instanceof UsageError ? 2 : 3;
    }
    throw error;
  }
}

async function dispatch(argv: readonly string[], terminal: Terminal): Promise<void> {
  const [nounName, verbName, ...rest] = nounFirst(argv);
  if (nounName === undefined) throw new UsageError(generalHelp());
  if (nounName === '--help' || nounName === 'help') return terminal.print(generalHelp());
  const noun = Object.hasOwn(NOUNS, nounName) ? NOUNS[nounName] : undefined;
  if (!noun) {
    if (NOT_YET.includes(nounName)) throw new UsageError(`${nounName}: this version does not have it yet.`);
    throw new UsageError(`There is no noun ${nounName}. There are: ${Object.keys(NOUNS).join(', ')}.`);
  }
  if (verbName === '--help' || verbName === 'help') return terminal.print(nounHelp(nounName, noun));
  if (verbName === undefined) throw new UsageError(nounHelp(nounName, noun));
  const command = Object.hasOwn(noun.verbs, verbName) ? noun.verbs[verbName] : undefined;
  if (!command)
    throw new UsageError(`${nounName} has no verb ${verbName}. It has: ${Object.keys(noun.verbs).join(', ')}.`);
  const help = commandHelp(nounName, verbName, command);
  if (rest.includes('--help')) return terminal.print(help);
  await run(command, rest, terminal, help);
}

/** Options that may stand before the noun, moved behind: `--cluster FILE account list`. */
function nounFirst(argv: readonly string[]): readonly string[] {
  const leading: string[] = [];
  const rest = [...argv];
  while (/^--(json|cluster|url)(=|$)/.test(rest[0] ?? '')) {
    const option = rest.shift() ?? '';
    leading.push(option);
    if (option === '--cluster' || option === '--url') leading.push(...rest.splice(0, 1));
  }
  return [...rest, ...leading];
}

async function run(command: Command, rest: readonly string[], terminal: Terminal, help: string): Promise<void> {
  const { args, values, flags } = parse(command, rest, help);
  const target = findTarget({ url: values['url'], clusterFile: values['cluster'], environment: terminal.environment });
  const { screen, complain } = terminal;
  const progress = screen ? new ProgressBar(screen) : progressLines(complain);
  const invocation = {
    ...{ client: new Client(target), args, values, flags, progress },
    // One line end belongs to the shell's echo, not to the password.
    readPassword: async () => (await terminal.readInput()).replace(/\r?\n$/, ''),
  };
  const output = await command.run(invocation).finally(() => progress.end());
  terminal.print(flags.has('json') ? JSON.stringify(output.json, null, 2) : output.text);
}

interface Parsed {
  readonly args: readonly string[];
  readonly values: Readonly<Record<string, string | undefined>>;
  readonly flags: ReadonlySet<string>;
}

function parse(command: Command, rest: readonly string[], help: string): Parsed {
  const wrong = (reason: string): UsageError => new UsageError(`${reason}\n\n${help}`);
  const known = { cluster: 'value', url: 'value', json: 'flag' } as Record<string, 'value' | 'flag'>;
  for (const [name, { type }] of Object.entries(command.options ?? {})) known[name] = type;
  const options = Object.fromEntries(
    Object.entries(known).map(([name, type]) => [name, { type: type === 'flag' ? 'boolean' : 'string' } as const]),
  );
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...rest], options, allowPositionals: true });
  } catch (error) {
    throw wrong((error as Error).message);
  }
  const args = parsed.positionals;
  const repeats = command.args.at(-1)?.endsWith('…') ?? false;
  if (args.length < command.args.length) throw wrong(`Missing: ${command.args.slice(args.length).join(' ')}`);
  if (args.length > command.args.length && !repeats)
    throw wrong(`Too much: ${args.slice(command.args.length).join(' ')}`);
  const values: Record<string, string | undefined> = {};
  const flags = new Set<string>();
  for (const [name, value] of Object.entries(parsed.values)) {
    if (value === true) flags.add(name);
    else if (typeof value === 'string') values[name] = value;
  }
  for (const [name, { required }] of Object.entries(command.options ?? {}))
    if (required && values[name] === undefined) throw wrong(`Missing: --${name}`);
  return { args, values, flags };
}
