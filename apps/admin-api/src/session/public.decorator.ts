import { SetMetadata } from '@nestjs/common';

export const PUBLIC = Symbol('public');

/** Open without a token: signing in is. */
export const Public = (): MethodDecorator => SetMetadata(PUBLIC, true);
