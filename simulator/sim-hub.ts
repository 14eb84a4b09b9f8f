import type { HubMember, VolumeRoute } from '#cluster/api';
import { HubCoordinator } from '#cluster/coordinator';
import { type Logger, type Random, type Release, seededRandom } from '#stdx';
import type { ControlPlane } from './control-plane.ts';
import { SimProcess } from './process.ts';
import { SimControl } from './sim-control.ts';
import type { Tampering } from './simulation.ts';
import type { World } from './world.ts';

type MakeControl = (process: SimProcess) => SimControl;

/** A machine with one hub process: the production coordinator and its routing map. */
export class SimHub {
  process: SimProcess;
  coordinator: HubCoordinator;
  control: SimControl;
  /** What it would route by. */
  routes = new Map<string, VolumeRoute>();

  constructor(
    readonly member: Pick<HubMember, 'id' | 'name' | 'relay' | keyof Release>,
    private readonly world: World,
    private readonly plane: ControlPlane,
    private readonly makeControl: MakeControl,
    private readonly random: Random,
    private readonly logger: Logger,
    private readonly tampering: Pick<Tampering, 'hubClockRate' | 'routesUntilMs'> = {},
  ) {
    this.process = new SimProcess(member.name, world);
    this.control = makeControl(this.process);
    this.coordinator = this.start();
  }

  start(): HubCoordinator {
    const { hubClockRate = 1, routesUntilMs = Number.POSITIVE_INFINITY } = this.tampering;
    const process = new SimProcess(this.member.name, this.world, hubClockRate);
    this.process = process;
    this.control = this.makeControl(process);
    const routes = new Map<string, VolumeRoute>();
    this.routes = routes;
    this.coordinator = new HubCoordinator(
      {
        hub: this.member,
        onRoutes: (changed) => {
          if (this.world.now > routesUntilMs) return;
          for (const route of changed) routes.set(route.volumeId, route);
        },
      },
      {
        state: this.plane.from(process),
        control: this.control,
        clock: process,
        random: seededRandom(Math.floor(this.random.fraction() * 2 ** 31)),
        logger: this.logger,
      },
    );
    this.coordinator.start();
    return this.coordinator;
  }

  kill(): void {
    this.process.kill();
  }
}
