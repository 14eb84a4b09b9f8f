import { Lexer, type Token } from './lexer.ts';
import type { SieveLimits } from './limits.ts';
import { type SievePosition, SieveSyntaxError } from './problem.ts';
import type { ArgumentNode, CommandNode, TestNode } from './syntax.ts';

/** Reads a script's structure (RFC 5228 §8.2). Throws `SieveSyntaxError` at the first thing that cannot be read. */
export function parseScript(text: string, limits: SieveLimits): readonly CommandNode[] {
  const parser = new Parser(new Lexer(text, limits), limits);
  return parser.commands(0, 'end');
}

/** One token ahead, by recursive descent; the depth is bounded. */
class Parser {
  private token: Token;
  private nodes = 0;

  constructor(
    private readonly lexer: Lexer,
    private readonly limits: SieveLimits,
  ) {
    this.token = lexer.next();
  }

  commands(depth: number, closing: 'end' | '}'): readonly CommandNode[] {
    const commands: CommandNode[] = [];
    while (this.token.kind !== closing) commands.push(this.command(depth));
    return commands;
  }

  private command(depth: number): CommandNode {
    const { name, at } = this.name('a command');
    const { args, tests } = this.arguments(depth);
    const { token } = this;
    if (token.kind === ';') {
      this.take();
      return { name, arguments: args, tests, block: null, at };
    }
    if (token.kind !== '{') this.fail('";" or a block', `after "${name}"`);
    this.enter(depth + 1, token.at);
    this.take();
    const block = this.commands(depth + 1, '}');
    this.take();
    return { name, arguments: args, tests, block, at };
  }

  private test(depth: number): TestNode {
    this.enter(depth, this.token.at);
    const { name, at } = this.name('a test');
    const { args, tests } = this.arguments(depth);
    return { name, arguments: args, tests, at };
  }

  private arguments(depth: number): { readonly args: readonly ArgumentNode[]; readonly tests: readonly TestNode[] } {
    const args: ArgumentNode[] = [];
    for (let next = this.argument(); next; next = this.argument()) args.push(next);
    if (this.token.kind === 'identifier') return { args, tests: [this.test(depth + 1)] };
    return { args, tests: this.token.kind === '(' ? this.testList(depth + 1) : [] };
  }

  private testList(depth: number): readonly TestNode[] {
    const tests: TestNode[] = [];
    do {
      this.take();
      tests.push(this.test(depth));
    } while (this.token.kind === ',');
    this.expect(')', 'at the end of the list of tests');
    return tests;
  }

  private argument(): ArgumentNode | undefined {
    const { token } = this;
    switch (token.kind) {
      case 'number':
        this.take();
        return { kind: 'number', value: token.value, at: token.at };
      case 'tag':
        this.take();
        return { kind: 'tag', name: token.text, at: token.at };
      case 'string':
        this.take();
        return { kind: 'strings', texts: [token.text], isList: false, at: token.at };
      case '[':
        return this.stringList(token.at);
      default:
        return undefined;
    }
  }

  private stringList(at: SievePosition): ArgumentNode {
    const texts: string[] = [];
    do {
      this.take();
      const { token } = this;
      if (token.kind !== 'string') this.fail('a string', 'in the list');
      if (texts.length >= this.limits.listItemsMax) throw new SieveSyntaxError(at, 'list is too long');
      texts.push(token.text);
      this.take();
    } while (this.token.kind === ',');
    this.expect(']', 'at the end of the list');
    return { kind: 'strings', texts, isList: true, at };
  }

  private name(what: string): { readonly name: string; readonly at: SievePosition } {
    const { token } = this;
    if (token.kind !== 'identifier') this.fail(what, '');
    if (++this.nodes > this.limits.nodesMax) throw new SieveSyntaxError(token.at, 'script has too many commands');
    this.take();
    return { name: token.text, at: token.at };
  }

  private enter(depth: number, at: SievePosition): void {
    if (depth > this.limits.nestingMax)
      throw new SieveSyntaxError(at, `nested more than ${this.limits.nestingMax} deep`);
  }

  private expect(kind: ')' | ']', where: string): void {
    if (this.token.kind !== kind) this.fail(`"${kind}"`, where);
    this.take();
  }

  private take(): void {
    this.token = this.lexer.next();
  }

  private fail(wanted: string, where: string): never {
    throw new SieveSyntaxError(this.token.at, `expected ${wanted}${where && ` ${where}`}, found ${shown(this.token)}`);
  }
}

function shown(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'the end of the script';
    case 'identifier':
      return `"${token.text}"`;
    case 'tag':
      return `":${token.text}"`;
    case 'number':
      return 'a number';
    case 'string':
      return 'a string';
    default:
      return `"${token.kind}"`;
  }
}
