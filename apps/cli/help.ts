import type { Command, Noun, Option } from './command.ts';
import { NOUNS } from './nouns.ts';

const GLOBAL: Readonly<Record<string, Option>> = {
  cluster: { type: 'value', value: 'FILE', summary: 'a cluster.json ($ROOKERY_CLUSTER, .rookery/cluster.json)' },
  url: { type: 'value', value: 'URL', summary: 'the API itself, with the key in $ROOKERY_API_KEY' },
  json: { type: 'flag', summary: 'answer in JSON' },
  help: { type: 'flag', summary: 'this' },
};

export function generalHelp(): string {
  const nouns = list(Object.entries(NOUNS).map(([name, { summary }]) => [name, summary]));
  return `Usage: rookery NOUN VERB [arguments] [options]\n\n${nouns}\n\n${globalHelp()}\n\nExit codes: 0 done, 1 refused, 2 called wrongly, 3 nobody answers.`;
}

export function nounHelp(name: string, noun: Noun): string {
  const verbs = Object.entries(noun.verbs).map(([verb, command]): [string, string] => [
    [verb, ...command.args].join(' '),
    command.summary,
  ]);
  return `rookery ${name}: ${noun.summary}\n\n${list(verbs)}\n\n${globalHelp()}`;
}

export function commandHelp(noun: string, verb: string, command: Command): string {
  const own = Object.entries(command.options ?? {}).map(optionLine);
  const usage = ['rookery', noun, verb, ...command.args, ...(own.length > 0 ? ['[options]'] : [])].join(' ');
  return [`Usage: ${usage}`, `  ${command.summary}`, ...(own.length > 0 ? ['', list(own)] : []), '', globalHelp()].join(
    '\n',
  );
}

const globalHelp = (): string => list(Object.entries(GLOBAL).map(optionLine));

const optionLine = ([name, { value, required, summary }]: [string, Option]): [string, string] => [
  value ? `--${name} ${value}` : `--${name}`,
  required ? `${summary} (needed)` : summary,
];

function list(lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(...lines.map(([left]) => left.length));
  return lines.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
}
