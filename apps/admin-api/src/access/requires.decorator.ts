import { SetMetadata } from '@nestjs/common';
import type { Permission } from './permission.js';

export const REQUIRED_PERMISSION = Symbol('required-permission');

/** The permission that a route needs. */
export const Requires = (permission: Permission): MethodDecorator => SetMetadata(REQUIRED_PERMISSION, permission);
