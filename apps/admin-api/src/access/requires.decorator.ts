import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Permission } from './permission.js';

export const REQUIRED_PERMISSION = Symbol('required-permission');

/** The permission that a route needs, with what it needs besides; the OpenAPI document names them too. */
export const Requires = (permission: Permission, ...further: Permission[]): MethodDecorator =>
  applyDecorators(
    SetMetadata(REQUIRED_PERMISSION, [permission, ...further]),
    ApiExtension('x-required-permission', permission),
    ...(further.length === 0 ? [] : [ApiExtension('x-further-permissions', further)]),
  );
