import { Controller, StreamableFile } from '@nestjs/common';
import { type InputOf, ROUTES } from '#api-schema';
import { ok } from '#stdx';
import { By, Input, Needs, Operation } from '../http/operation.ts';
import type { Reply } from '../http/refusal.ts';
import type { Asking } from '../http/request.ts';
import { Documents } from './documents.ts';

type Routes = typeof ROUTES;

@Controller()
export class DocumentController {
  constructor(private readonly documents: Documents) {}

  @Needs('read')
  @Operation(ROUTES.listCreditNotes)
  listCreditNotes(@By() asking: Asking, @Input() input: InputOf<Routes['listCreditNotes']>) {
    return this.documents.listCreditNotes(asking, input);
  }

  @Needs('read')
  @Operation(ROUTES.showCreditNote)
  async creditNote(@By() asking: Asking, @Input() input: InputOf<Routes['showCreditNote']>) {
    return streamed(await this.documents.creditNote(asking, input));
  }

  @Needs('read')
  @Operation(ROUTES.showStatement)
  async statement(@By() asking: Asking, @Input() input: InputOf<Routes['showStatement']>) {
    return streamed(await this.documents.statement(asking, input));
  }
}

/** A file goes out as its bytes; anything else as JSON. */
export function streamed<T extends object>(reply: Reply<T>): Reply<T | StreamableFile> {
  if (!reply.ok || !('mediaType' in reply.value)) return reply;
  const { bytes, mediaType, name } = reply.value as unknown as { bytes: Buffer; mediaType: string; name: string };
  return ok(new StreamableFile(bytes, { type: mediaType, disposition: `inline; filename="${name}"` }));
}
