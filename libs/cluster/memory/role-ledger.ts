import { type NodeMeter, type NodeState, nodeMeter, roleEventId } from '#cluster/api';
import type { UsageEvent } from '#metering';

interface Role {
  readonly meter: NodeMeter | 'hub' | null;
  readonly change: number;
  readonly since: number;
}

/** What each member is billed as, and the events of every change. */
export class RoleLedger {
  readonly events: UsageEvent[] = [];
  private readonly roles = new Map<string, Role>();

  constructor(private readonly partnerId: string) {}

  moveNode(nodeId: string, state: NodeState, owned: number, at: number): void {
    this.move(nodeId, nodeMeter(state, owned), at);
  }

  /** Closes the running interval and opens the next at one instant; nothing when the role stays. */
  move(subject: string, meter: Role['meter'], at: number): void {
    const role = this.roles.get(subject) ?? { meter: null, change: 0, since: at };
    if (role.meter === meter) return;
    const next: Role = { meter, change: role.change + 1, since: Math.max(at, role.since) };
    this.roles.set(subject, next);
    if (role.meter) this.emit(subject, role.meter, 'stop', next);
    if (meter) this.emit(subject, meter, 'start', next);
  }

  private emit(subject: string, meter: NodeMeter | 'hub', kind: 'start' | 'stop', { change, since }: Role): void {
    this.events.push({
      id: roleEventId(subject, meter, change, kind),
      source: 'cluster',
      partnerId: this.partnerId,
      at: new Date(since).toISOString(),
      subject,
      kind,
      meter,
    });
  }
}
