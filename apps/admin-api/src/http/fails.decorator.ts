import type { ErrorCode } from '@app/contracts';
import { ApiExtension } from '@nestjs/swagger';

/** In the OpenAPI document: codes of a route besides those that every route of its kind may answer. */
export const ERROR_CODES_EXTENSION = 'x-error-codes';

/**
 * Names the codes that a route answers besides those that `openapi/error-codes.ts` knows of every route. A route
 * without it is described as if it could answer any code.
 */
export const Fails = (...codes: ErrorCode[]): MethodDecorator => ApiExtension(ERROR_CODES_EXTENSION, codes);
