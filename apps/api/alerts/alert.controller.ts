import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Alerts } from './alerts.ts';

type Routes = typeof ROUTES;

@Controller()
export class AlertController {
  constructor(private readonly alerts: Alerts) {}

  @Needs('read')
  @Operation(ROUTES.listAlerts)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listAlerts']>) {
    return this.alerts.list(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.listAlertChannels)
  listChannels(@By() asking: Asking, @Input() input: InputOf<Routes['listAlertChannels']>) {
    return this.alerts.listChannels(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.createAlertChannel)
  createChannel(@By() asking: Asking, @Input() input: InputOf<Routes['createAlertChannel']>) {
    return this.alerts.createChannel(asking, input);
  }

  @Needs('operator')
  @Operation(ROUTES.deleteAlertChannel)
  deleteChannel(@By() asking: Asking, @Input() input: InputOf<Routes['deleteAlertChannel']>) {
    return this.alerts.deleteChannel(asking, input);
  }
}
