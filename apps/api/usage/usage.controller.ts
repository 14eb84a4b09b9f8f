import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { Usage } from './usage.ts';

@Controller()
export class UsageController {
  constructor(private readonly usage: Usage) {}

  @Needs('read')
  @Operation(ROUTES.showUsage)
  show(@By() asking: Asking, @Input() input: InputOf<(typeof ROUTES)['showUsage']>) {
    return this.usage.show(asking, input);
  }
}
