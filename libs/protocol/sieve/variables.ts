import type { SieveLimits } from './limits.ts';
import type { VariableReference } from './template.ts';

/** A script's own variables, and which of its names mean global ones. */
interface Scope {
  readonly values: Map<string, string>;
  readonly globals: Set<string>;
}

const newScope = (): Scope => ({ values: new Map(), globals: new Set() });

/** Variables of one run (RFC 5229); each included script has its own, and `global` ones are shared (RFC 6609 §3.4). */
export class Variables {
  private readonly shared = new Map<string, string>();
  private readonly scopes: Scope[] = [newScope()];
  private matched: readonly string[] = [];
  private count = 0;

  constructor(private readonly limits: SieveLimits) {}

  /** '' for one that was never set (RFC 5229 §3). */
  get({ isGlobal, name }: VariableReference): string {
    if (/^\d/.test(name)) return this.matched[Number(name)] ?? '';
    return this.home(name, isGlobal).get(name) ?? '';
  }

  /** Throws `RangeError` when there are too many. */
  set({ isGlobal, name }: VariableReference, value: string): void {
    const home = this.home(name, isGlobal);
    if (!home.has(name) && ++this.count > this.limits.variablesMax) throw new RangeError('too many variables');
    home.set(name, this.cut(value));
  }

  declareGlobal(name: string): void {
    this.scope.globals.add(name);
  }

  /** `${0}` … `${9}` of a match that succeeded (RFC 5229 §3.2). */
  setMatched(values: readonly string[]): void {
    this.matched = values.map((value) => this.cut(value));
  }

  enter(): void {
    this.scopes.push(newScope());
  }

  leave(): void {
    this.count -= this.scope.values.size;
    this.scopes.pop();
  }

  private get scope(): Scope {
    return this.scopes[this.scopes.length - 1]!;
  }

  private home(name: string, isGlobal: boolean): Map<string, string> {
    return isGlobal || this.scope.globals.has(name) ? this.shared : this.scope.values;
  }

  /** Not within a surrogate pair. */
  private cut(value: string): string {
    const { variableCharactersMax } = this.limits;
    return value.length <= variableCharactersMax ? value : value.slice(0, variableCharactersMax).toWellFormed();
  }
}
