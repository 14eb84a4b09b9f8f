import { Injectable, type PipeTransform } from '@nestjs/common';
import { z } from 'zod';
import { type Problem, type Route, Segment, segmentsOf } from '#api-schema';
import { RefusalError } from './refusal.ts';
import type { ApiRequest } from './request.ts';

export interface Unchecked {
  readonly route: Route;
  readonly request: ApiRequest;
}
export interface Checked {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Checks what came in against the route's schemas, and says all that is wrong with it at once. */
@Injectable()
export class ZodPipe implements PipeTransform<Unchecked, Checked> {
  transform({ route, request }: Unchecked): Checked {
    const errors: { field: string; reason: string }[] = [];
    const check = (where: string, schema: z.ZodType | undefined, value: unknown): unknown => {
      if (!schema) return undefined;
      const parsed = schema.safeParse(value);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues)
        errors.push({ field: [where, ...issue.path].filter(String).join('.'), reason: issue.message });
      return undefined;
    };
    const params = z.object(Object.fromEntries(segmentsOf(route.path).map((name) => [name, Segment])));
    // A misspelt query parameter would otherwise be a wider list than was asked for.
    const query = route.query instanceof z.ZodObject ? route.query.strict() : z.strictObject({});
    const checked = {
      params: check('', params, request.params),
      query: check('query', query, request.query),
      body: check('', route.body, request.body),
    };
    if (errors.length > 0)
      throw new RefusalError({ code: 'invalid_request', errors: errors satisfies Problem['errors'] });
    return checked;
  }
}
