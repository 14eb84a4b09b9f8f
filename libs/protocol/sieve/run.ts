import type { BodyPart } from '#protocol/message';
import type { SieveAction, SieveTracking, StoreAction } from './action.ts';
import { splitAddress } from './addresses.ts';
import { HeaderFields } from './header-fields.ts';
import type { SieveLimits } from './limits.ts';
import { PAUSE_STEPS } from './matching/characters.ts';
import { type SievePosition, SieveRunError } from './problem.ts';
import type { Asking } from './question.ts';
import type { Template } from './template.ts';
import { Variables } from './variables.ts';

/** The message a script is run over. */
export interface SieveMessage {
  /** The header block, or a message that begins with it. */
  readonly header: Buffer;
  /** Structure, with offsets into the bytes that `ask: 'bytes'` brings. */
  readonly body: BodyPart;
  /** Bytes in all. */
  readonly size: number;
  readonly envelope: {
    /** Reverse-path; '' when it is null. */
    readonly from: string;
    /** The forward-path as it came. */
    readonly to: string;
  };
}

/** Where and for whom a script is run. */
export interface SieveWorld {
  readonly limits: SieveLimits;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Minutes east of UTC of `currentdate` and `date` without a zone. */
  readonly zoneMinutes: number;
  /** Primary address of the account. */
  readonly owner: string;
  /** Separator of plus addressing; '' when there is none. */
  readonly subaddressSeparator: string;
  /** RFC 5183 §4.1: `domain`, `host`, `location`, `name`, `phase`, `remote-host`, `remote-ip`, `version`. */
  readonly environment: Readonly<Record<string, string>>;
  /** 0 to 100; `null` when the message was not looked at (RFC 5235 §3.2). */
  readonly spamPercent: number | null;
  /** 0 not looked at, 1 clean, 2 … 5 as RFC 5235 §3.3 says. */
  readonly virusLevel: 0 | 1 | 2 | 3 | 4 | 5;
}

/** One run of a script: what it knows, and what it wants done so far. */
export class Run {
  readonly header: HeaderFields;
  readonly variables: Variables;
  readonly actions: SieveAction[] = [];
  readonly tracked: SieveTracking[] = [];
  /** RFC 5228 §2.10.2; an action cancelled it once it is false. */
  implicitKeep = true;
  /** The internal variable of RFC 5232 §3. */
  flags: readonly string[] = [];
  /** Command or test under way, for errors. */
  at: SievePosition = { line: 1, column: 1 };
  /** Scripts included so far, and those we are in. */
  readonly included = new Set<string>();
  readonly including: string[] = [];
  inclusions = 0;
  /** The message's bytes, once asked for. */
  bytes: Buffer | null = null;
  private effort = 0;
  private pauseAt = PAUSE_STEPS;

  constructor(
    readonly message: SieveMessage,
    readonly world: SieveWorld,
  ) {
    this.header = new HeaderFields(message.header);
    this.variables = new Variables(world.limits);
  }

  text(template: Template): string {
    if (typeof template === 'string') return template;
    const text = template
      .map((piece) => (typeof piece === 'string' ? piece : this.guarded(() => this.variables.get(piece))))
      .join('');
    this.spend(text.length);
    return text.slice(0, this.world.limits.stringCharactersMax);
  }

  texts(templates: readonly Template[]): readonly string[] {
    return templates.map((template) => this.text(template));
  }

  /** Lets others have their turn when it is time. */
  *pauseIfDue(): Asking<void> {
    if (this.effort < this.pauseAt) return;
    this.pauseAt = this.effort + PAUSE_STEPS;
    yield { ask: 'pause' };
  }

  /** Counts work done; ends a run that does too much. */
  spend(steps: number): void {
    this.effort += steps;
    if (this.effort > this.world.limits.effortMax) this.fail('the script takes too long');
  }

  /** RFC 5228 §2.10.4: duplicates are done once. */
  add(action: SieveAction): void {
    const refused = action.kind === 'reject' || this.actions.some(({ kind }) => kind === 'reject');
    // RFC 5429 §2.4 … 2.5: a message is not refused and used.
    if (refused && this.actions.length > 0) this.fail('a refused message can have no other action');
    const same = this.actions.findIndex((other) => isSame(other, action));
    if (same >= 0) {
      const other = this.actions[same]!;
      if (other.kind === 'store' && action.kind === 'store') this.actions[same] = merged(other, action);
      return;
    }
    const { actionsMax, redirectsMax } = this.world.limits;
    if (this.actions.length >= actionsMax) this.fail('the script has too many actions');
    const sends = ({ kind }: SieveAction): boolean => kind === 'redirect' || kind === 'notify';
    if (sends(action) && this.actions.filter(sends).length >= redirectsMax) this.fail('the script sends too much mail');
    this.actions.push(action);
  }

  fail(message: string): never {
    throw new SieveRunError(this.at, message);
  }

  /** `RangeError`s of what is inside, as errors of the run. */
  guarded<T>(inside: () => T): T {
    try {
      return inside();
    } catch (error) {
      if (error instanceof RangeError) this.fail(error.message);
      throw error;
    }
  }
}

function isSame(a: SieveAction, b: SieveAction): boolean {
  if (a.kind === 'store') return b.kind === 'store' && a.mailbox === b.mailbox;
  if (a.kind === 'redirect') return b.kind === 'redirect' && sameMailbox(a.address) === sameMailbox(b.address);
  // RFC 5230 §4.7: more than one answer is an error, which the command tells itself.
  return false;
}

/** RFC 5321 §2.4: only the domain's case does not matter. */
function sameMailbox(address: string): string {
  const { localPart, domain } = splitAddress(address);
  return `${localPart}@${domain.toLowerCase()}`;
}

const merged = (a: StoreAction, b: StoreAction): StoreAction => ({
  ...a,
  flags: [...new Set([...a.flags, ...b.flags])],
});
