import { DomainError } from '@app/contracts';
import type { NextFunction, Request, Response } from 'express';
import { refuseUnstorable } from './unstorable.js';

/** Whatever path and query say may become a parameter of a query: as in bodies, nothing in them is unstorable. */
export const storableAddress = (request: Request, _response: Response, next: NextFunction): void => {
  try {
    if (request.path.includes('%00')) throw new DomainError('invalid-request', 'the path has U+0000 in it');
    for (const [key, value] of Object.entries(request.query)) {
      refuseUnstorable(key, '');
      for (const text of [value].flat()) if (typeof text === 'string') refuseUnstorable(text, `/${key}`);
    }
    next();
  } catch (error) {
    next(error);
  }
};
