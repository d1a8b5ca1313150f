import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Permission } from './permission.js';

export const REQUIRED_PERMISSION = Symbol('required-permission');

/** The permission that a route needs; the OpenAPI document names it too. */
export const Requires = (permission: Permission): MethodDecorator =>
  applyDecorators(SetMetadata(REQUIRED_PERMISSION, permission), ApiExtension('x-required-permission', permission));
