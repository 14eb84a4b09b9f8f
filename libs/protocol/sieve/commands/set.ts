import type { CommandDefinition } from '../definition.ts';

const VARIABLE_NAME = /^(?:(global)\.)?([a-z_][a-z0-9_]*)$/i;

/** Modifiers by precedence, the highest first (RFC 5229 §4.1; `encodeurl`, RFC 5435 §6; `quoteregex`, its draft). */
const MODIFIERS: readonly (readonly [string, (value: string) => string])[] = [
  ['lower', (value) => value.toLowerCase()],
  ['upper', (value) => value.toUpperCase()],
  ['lowerfirst', (value) => changeFirst(value, (first) => first.toLowerCase())],
  ['upperfirst', (value) => changeFirst(value, (first) => first.toUpperCase())],
  ['quotewildcard', (value) => value.replace(/[*?\\]/g, '\\$&')],
  ['quoteregex', (value) => value.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')],
  ['encodeurl', (value) => encodeUrl(value)],
  ['length', (value) => String([...value].length)],
];

const changeFirst = (value: string, change: (first: string) => string): string => {
  const [first = ''] = value;
  return change(first) + value.slice(first.length);
};

/** RFC 3986 §2.3: everything but the unreserved characters. */
const encodeUrl = (value: string): string =>
  encodeURIComponent(value.toWellFormed()).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export const set: CommandDefinition = {
  name: 'set',
  rfc: 'RFC 5229 §4',
  requires: 'variables',
  arguments: {
    tags: {
      lower: { group: 'case' },
      upper: { group: 'case' },
      lowerfirst: { group: 'first letter' },
      upperfirst: { group: 'first letter' },
      quotewildcard: { group: 'quoting' },
      quoteregex: { group: 'quoting', requires: 'regex' },
      encodeurl: { requires: 'enotify' },
      length: {},
    },
    positional: ['string', 'string'],
  },
  check({ arguments: args }, checking) {
    const name = args.string(0);
    const found = typeof name === 'string' ? VARIABLE_NAME.exec(name) : null;
    if (!found) checking.fail(args.placeOf(0), `not the name of a variable: ${JSON.stringify(name)}`);
    else if (found[1] && !checking.has('include'))
      checking.fail(args.placeOf(0), 'global variables need require "include"');
  },
  run(run, { arguments: args }) {
    const [, namespace, name] = VARIABLE_NAME.exec(run.text(args.string(0))) ?? [];
    if (name === undefined) return run.fail('not the name of a variable');
    let value = run.text(args.string(1));
    for (const [modifier, change] of MODIFIERS) if (args.has(modifier)) value = change(value);
    run.guarded(() => run.variables.set({ isGlobal: namespace !== undefined, name: name.toLowerCase() }, value));
    return 'next';
  },
};
