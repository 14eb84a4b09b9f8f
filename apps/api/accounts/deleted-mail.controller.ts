import { Controller } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Asking } from '../http/request.ts';
import { DeletedMail } from './deleted-mail.ts';

type Routes = typeof ROUTES;

@Controller()
export class DeletedMailController {
  constructor(private readonly deleted: DeletedMail) {}

  @Needs('read')
  @Operation(ROUTES.listDeletedMessages)
  list(@By() asking: Asking, @Input() input: InputOf<Routes['listDeletedMessages']>) {
    return this.deleted.list(asking, input);
  }

  @Needs('write')
  @Operation(ROUTES.restoreDeletedMessages)
  restore(@By() asking: Asking, @Input() input: InputOf<Routes['restoreDeletedMessages']>) {
    return this.deleted.restore(asking, input);
  }
}
