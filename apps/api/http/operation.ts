import {
  applyDecorators,
  createParamDecorator,
  type ExecutionContext,
  HttpCode,
  RequestMapping,
  RequestMethod,
  SetMetadata,
} from '@nestjs/common';
import type { Method, Route, Scope } from '#api-schema';
import { present } from '#stdx';
import { readIfMatch } from './if-match.ts';
import type { ApiRequest } from './request.ts';
import { ZodPipe } from './zod.pipe.ts';

const ROUTE = 'rookery:route';
const SCOPE = 'rookery:scope';

const METHODS: Record<Method, RequestMethod> = {
  GET: RequestMethod.GET,
  POST: RequestMethod.POST,
  PATCH: RequestMethod.PATCH,
  DELETE: RequestMethod.DELETE,
};

/** Binds a handler to its route of the table. */
export const Operation = (route: Route): MethodDecorator =>
  applyDecorators(
    RequestMapping({ method: METHODS[route.method], path: route.path.replace(/\{(\w+)\}/g, ':$1') }),
    HttpCode(route.status),
    SetMetadata(ROUTE, route),
  );

/** The permission a handler asks for; a test holds it against the table. */
export const Needs = (scope: Scope): MethodDecorator => SetMetadata(SCOPE, scope);

export const routeOf = (handler: object): Route | undefined => Reflect.getMetadata(ROUTE, handler);
export const scopeOf = (handler: object): Scope | undefined => Reflect.getMetadata(SCOPE, handler);

const requestOf = (execution: ExecutionContext): ApiRequest => execution.switchToHttp().getRequest<ApiRequest>();

/** Who asks. */
export const By = createParamDecorator((_data: undefined, execution: ExecutionContext) =>
  present(requestOf(execution).asking, 'the guard’s finding'),
);

const input = createParamDecorator((_data: undefined, execution: ExecutionContext) => ({
  route: present(routeOf(execution.getHandler()), 'a route'),
  request: requestOf(execution),
}));

/** Path, query and body, checked against the route's schemas. */
export const Input = (): ParameterDecorator => input(new ZodPipe());

/** The version a change names with If-Match; `undefined` for any. */
export const Version = createParamDecorator((_data: undefined, execution: ExecutionContext) =>
  readIfMatch(requestOf(execution).headers['if-match'], requestOf(execution).method === 'PATCH'),
);
