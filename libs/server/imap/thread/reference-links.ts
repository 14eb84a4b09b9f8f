import type { ThreadMessage } from './gather.ts';

/** Steps towards the root looked at before a link is refused as one that might close a circle: no discussion is that deep out of order. */
const ANCESTORS_MAX = 1_000;
const NOBODY = -1;

/** Who answers whom, by message ids: RFC 5256 §3 REFERENCES, step 1. A container is a message, or an id only others speak of. */
export class ReferenceLinks {
  private readonly byId = new Map<string, number>();
  private readonly messages: (ThreadMessage | null)[] = [];
  private readonly parents: number[] = [];
  private readonly childCounts: number[] = [];
  /** Where a container without a message leads, once looked up: see `parentOf`. */
  private readonly resolved = new Map<number, number>();

  add(message: ThreadMessage): void {
    const container = this.containerOf(message);
    let ancestor = NOBODY;
    for (const id of message.references) {
      const next = this.containerFor(id);
      if (ancestor !== NOBODY && this.parents[next] === NOBODY) this.link(ancestor, next);
      ancestor = next;
    }
    // A parent it has already comes of a shortened References field of another message.
    this.unlink(container);
    if (ancestor !== NOBODY) this.link(ancestor, container);
  }

  /**
   * The nearest ancestor that is a message; of those without one, siblings get the same `group`: the container above all of
   * them. Steps 2 and 3 of RFC 5256: what has no message is not shown but where it holds siblings together.
   */
  *links(): Generator<{ message: ThreadMessage; parent: ThreadMessage | null; group: number }> {
    for (const [container, message] of this.messages.entries()) {
      if (!message) continue;
      const above = this.parentOf(container);
      const parent = above === NOBODY ? null : (this.messages[above] ?? null);
      yield { message, parent, group: parent || above === NOBODY ? container : above };
    }
  }

  /** The first message above a container; where there is none, the last container above it, or nobody. */
  private parentOf(container: number): number {
    const passed: number[] = [];
    let at = container;
    for (;;) {
      const above = this.parents[at]!;
      if (above === NOBODY) break;
      at = above;
      if (this.messages[at]) break;
      const known = this.resolved.get(at);
      if (known !== undefined) {
        at = known;
        break;
      }
      passed.push(at);
    }
    for (const each of passed) this.resolved.set(each, at);
    return at === container ? NOBODY : at;
  }

  private containerOf(message: ThreadMessage): number {
    const known = message.messageId === null ? undefined : this.byId.get(message.messageId);
    if (known !== undefined && !this.messages[known]) {
      this.messages[known] = message;
      return known;
    }
    const container = this.create(message);
    // A second message with the same id is treated as one without.
    if (known === undefined && message.messageId !== null) this.byId.set(message.messageId, container);
    return container;
  }

  private containerFor(id: string): number {
    let container = this.byId.get(id);
    if (container === undefined) {
      container = this.create(null);
      this.byId.set(id, container);
    }
    return container;
  }

  private create(message: ThreadMessage | null): number {
    this.parents.push(NOBODY);
    this.childCounts.push(0);
    return this.messages.push(message) - 1;
  }

  private link(parent: number, child: number): void {
    if (parent === child || (this.childCounts[child]! > 0 && this.mayBeAbove(child, parent))) return;
    this.parents[child] = parent;
    this.childCounts[parent]!++;
  }

  private unlink(child: number): void {
    const parent = this.parents[child]!;
    if (parent === NOBODY) return;
    this.childCounts[parent]!--;
    this.parents[child] = NOBODY;
  }

  private mayBeAbove(ancestor: number, container: number): boolean {
    let at = container;
    for (let steps = 0; steps < ANCESTORS_MAX; steps++) {
      at = this.parents[at]!;
      if (at === NOBODY) return false;
      if (at === ancestor) return true;
    }
    return true;
  }
}
