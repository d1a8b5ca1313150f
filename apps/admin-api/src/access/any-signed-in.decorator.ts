import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const ANY_SIGNED_IN = Symbol('any-signed-in');

/** Open to whoever is signed in, whatever the roles: what concerns the caller alone. The OpenAPI document says so too. */
export const AnySignedIn = (): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ANY_SIGNED_IN, true), ApiExtension('x-any-signed-in', true));
