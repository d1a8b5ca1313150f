import type { ResourceTag } from '@app/contracts';
import { applyDecorators, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { UseInterceptors } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';
import { parseTags } from './if-match.decorator.js';
import type { ApiRequest } from './request.js';

/** In the OpenAPI document: the answer is one resource with an ETag. */
export const TAGGED_EXTENSION = 'x-tagged';

class TagInterceptor<Resource extends object> implements NestInterceptor<Resource, Resource | undefined> {
  constructor(private readonly tag: ResourceTag<Resource>) {}

  intercept(context: ExecutionContext, next: CallHandler<Resource>): Observable<Resource | undefined> {
    const request = context.switchToHttp().getRequest<ApiRequest>();
    const response = context.switchToHttp().getResponse<Response>();
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const known = isRead ? parseTags(request.header('if-none-match'), 'If-None-Match') : undefined;
    return next.handle().pipe(
      map((resource) => {
        if (typeof resource !== 'object' || resource === null) return resource;
        const tag = this.tag.of(resource);
        response.setHeader('ETag', tag);
        // If-None-Match compares weakly (RFC 9110, 13.1.2): a proxy may have weakened the tag.
        if (!known?.some((given) => given === '*' || given.replace(/^W\//, '') === tag)) return resource;
        response.status(304);
        return undefined;
      }),
    );
  }
}

/**
 * The answer is one resource and carries its ETag; reading honours If-None-Match. A method that changes it takes
 * `@IfMatchOf()` and gives that to the tag's `require`, inside its transaction.
 */
export const Tagged = <Resource extends object>(tag: ResourceTag<Resource>): MethodDecorator =>
  applyDecorators(ApiExtension(TAGGED_EXTENSION, true), UseInterceptors(new TagInterceptor(tag)));
