import { type ArgumentKind, Arguments, type ArgumentsSpec, type ArgumentValue, type TagSpec } from './arguments.ts';
import { isKnownCapability, type SieveCapability } from './capabilities.ts';
import { COMMANDS } from './commands/index.ts';
import type { BoundCommand, BoundTest, Checking } from './definition.ts';
import type { SieveLimits } from './limits.ts';
import { type SievePosition, type SieveProblem, SieveSyntaxError } from './problem.ts';
import type { ArgumentNode, CommandNode, TestNode } from './syntax.ts';
import { decodeEncodedCharacters, parseTemplate, type Template } from './template.ts';
import { TESTS } from './tests/index.ts';

interface Placed<T> {
  readonly at: SievePosition;
  readonly value: T;
}

/** Finds out what the names of a script mean, and checks that each is used as it may be. Collects problems, up to a number. */
export class Binder implements Checking {
  readonly problems: SieveProblem[] = [];
  readonly required = new Set<string>();

  constructor(private readonly limits: SieveLimits) {}

  get regexStepsMax(): number {
    return this.limits.regexStepsMax;
  }

  has(capability: SieveCapability): boolean {
    return this.required.has(capability);
  }

  fail(at: SievePosition, message: string): void {
    if (this.problems.length < this.limits.problemsMax) this.problems.push({ ...at, message });
  }

  script(nodes: readonly CommandNode[]): readonly BoundCommand[] {
    // RFC 5228 §3.2: only `require` may stand before `require`.
    const first = nodes.findIndex(({ name }) => name !== 'require');
    const requires = first < 0 ? nodes : nodes.slice(0, first);
    for (const node of requires) this.require(node);
    return this.block(nodes.slice(requires.length));
  }

  private require(node: CommandNode): void {
    const [list] = node.arguments;
    if (list?.kind !== 'strings' || node.arguments.length > 1 || node.tests.length > 0 || node.block) {
      this.fail(node.at, 'require takes one list of capabilities');
      return;
    }
    for (const name of list.texts) {
      if (isKnownCapability(name)) this.required.add(name);
      else this.fail(list.at, `unknown capability ${JSON.stringify(name)}`);
    }
  }

  private block(nodes: readonly CommandNode[]): readonly BoundCommand[] {
    const bound: BoundCommand[] = [];
    let previous: BoundCommand | undefined;
    for (const node of nodes) {
      const command = this.command(node);
      if (command?.definition.follows) {
        if (previous && command.definition.follows.includes(previous.definition.name)) previous.otherwise = command;
        else this.fail(node.at, `"${node.name}" must come right after ${command.definition.follows.join(' or ')}`);
      } else if (command) bound.push(command);
      previous = command;
    }
    return bound;
  }

  private command(node: CommandNode): BoundCommand | undefined {
    const definition = COMMANDS.get(node.name);
    if (!definition) {
      const isLate = node.name === 'require';
      this.fail(node.at, isLate ? '"require" must come before all other commands' : `unknown command "${node.name}"`);
      return undefined;
    }
    this.assertRequired(node, definition.requires);
    const args = this.arguments(node, definition.arguments);
    const tests = this.tests(node, definition.tests);
    if (node.block && !definition.hasBlock) this.fail(node.at, `"${node.name}" takes no block`);
    if (!node.block && definition.hasBlock) this.fail(node.at, `"${node.name}" needs a block`);
    const block = this.block(node.block ?? []);
    if (!args || !tests) return undefined;
    const bound: BoundCommand = { definition, arguments: args, tests, block, at: node.at };
    definition.check?.(bound, this);
    return bound;
  }

  private test(node: TestNode): BoundTest | undefined {
    const definition = TESTS.get(node.name);
    if (!definition) {
      this.fail(node.at, `unknown test "${node.name}"`);
      return undefined;
    }
    this.assertRequired(node, definition.requires);
    const args = this.arguments(node, definition.arguments);
    const tests = this.tests(node, definition.tests);
    if (!args || !tests) return undefined;
    const bound: BoundTest = { definition, arguments: args, tests, at: node.at };
    definition.check?.(bound, this);
    return bound;
  }

  private assertRequired(
    { name, at }: TestNode,
    needs: SieveCapability | readonly SieveCapability[] | undefined,
  ): void {
    const any = needs === undefined ? [] : typeof needs === 'string' ? [needs] : needs;
    if (any.length > 0 && !any.some((capability) => this.required.has(capability)))
      this.fail(at, `"${name}" needs require "${any[0]}"`);
  }

  private tests(node: TestNode, wanted: 'one' | 'list' | undefined): readonly BoundTest[] | undefined {
    const { length } = node.tests;
    if (wanted === undefined && length > 0) this.fail(node.at, `"${node.name}" takes no test`);
    if (wanted === 'one' && length !== 1) this.fail(node.at, `"${node.name}" needs one test`);
    if (wanted === 'list' && length === 0) this.fail(node.at, `"${node.name}" needs tests`);
    const bound = node.tests.map((test) => this.test(test));
    return bound.every((test) => test !== undefined) ? bound : undefined;
  }

  private arguments(node: TestNode, spec: ArgumentsSpec): Arguments | undefined {
    const before = this.problems.length;
    const tags = new Map<string, Placed<ArgumentValue>>();
    const positional: ArgumentNode[] = [];
    const groups = new Map<string, string>();
    for (let at = 0; at < node.arguments.length; at++) {
      const argument = node.arguments[at]!;
      if (argument.kind !== 'tag') {
        positional.push(argument);
        continue;
      }
      const known = this.tag(node, argument, spec, groups);
      // A tag's value is told from an argument only by its tag: what follows an unknown one cannot be judged.
      if (!known) return undefined;
      if (tags.has(argument.name)) this.fail(argument.at, `:${argument.name} is given twice`);
      const value = known.value === undefined ? true : this.value(node.arguments[++at], known.value, argument);
      if (value !== undefined) tags.set(argument.name, { at: argument.at, value });
    }
    const values = this.positional(node, positional, spec);
    return this.problems.length > before || !values ? undefined : new Arguments(tags, values);
  }

  private tag(
    node: TestNode,
    { name, at }: { readonly name: string; readonly at: SievePosition },
    spec: ArgumentsSpec,
    groups: Map<string, string>,
  ): TagSpec | undefined {
    const known = spec.tags && Object.hasOwn(spec.tags, name) ? spec.tags[name] : undefined;
    if (!known) {
      this.fail(at, `"${node.name}" knows no :${name}`);
      return undefined;
    }
    if (known.requires && !this.has(known.requires)) this.fail(at, `:${name} needs require "${known.requires}"`);
    const other = known.group === undefined ? undefined : groups.get(known.group);
    if (other !== undefined && other !== name) this.fail(at, `:${name} and :${other} exclude each other`);
    if (known.group !== undefined) groups.set(known.group, name);
    return known;
  }

  private positional(
    node: TestNode,
    found: readonly ArgumentNode[],
    { positional = [], optional = 0, mayEndEarly = false }: ArgumentsSpec,
  ): readonly Placed<ArgumentValue>[] | undefined {
    const left = positional.length - found.length;
    if (left > optional || left < 0) {
      const wanted = optional > 0 ? `${positional.length - optional} to ${positional.length}` : `${positional.length}`;
      this.fail(node.at, `"${node.name}" takes ${wanted} arguments, not ${found.length}`);
      return undefined;
    }
    const kinds = mayEndEarly ? positional.slice(0, found.length) : positional.slice(left);
    const values = kinds.map((kind, index) => this.value(found[index], kind, node));
    return values.every((value) => value !== undefined)
      ? values.map((value, index) => ({ at: found[index]!.at, value }))
      : undefined;
  }

  private value(
    node: ArgumentNode | undefined,
    kind: ArgumentKind,
    owner: { readonly name: string; readonly at: SievePosition },
  ): ArgumentValue | undefined {
    if (kind === 'number' && node?.kind === 'number') return node.value;
    if (kind !== 'number' && node?.kind === 'strings' && (kind === 'strings' || !node.isList))
      return node.texts.map((text) => this.template(text, node.at));
    const wanted = { number: 'a number', string: 'a string', strings: 'a string or a list of strings' }[kind];
    this.fail(node?.at ?? owner.at, `"${owner.name}" wants ${wanted} here`);
    return undefined;
  }

  private template(text: string, at: SievePosition): Template {
    try {
      const decoded = this.has('encoded-character') ? decodeEncodedCharacters(text) : text;
      if (!this.has('variables')) return decoded;
      return parseTemplate(decoded, new Set(this.has('include') ? ['global'] : []));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SieveSyntaxError(at, error.message);
    }
  }
}
