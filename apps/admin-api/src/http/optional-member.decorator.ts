import { ValidateIf } from 'class-validator';

/** May be absent; null is a value, and refused like any other wrong one. */
export const OptionalMember = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);

/** May be absent or null. */
export const NullableMember = (): PropertyDecorator =>
  ValidateIf((_object, value) => value !== undefined && value !== null);
