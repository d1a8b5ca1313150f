import { SetMetadata } from '@nestjs/common';

export const ANY_SIGNED_IN = Symbol('any-signed-in');

/** Open to whoever is signed in, whatever the roles: what concerns the caller alone. */
export const AnySignedIn = (): MethodDecorator & ClassDecorator => SetMetadata(ANY_SIGNED_IN, true);
