import { DomainError } from '@app/contracts';

/** For what the API names and this version does not have. @throws DomainError `not-implemented`, always */
export const notThere = (what: string): never => {
  throw new DomainError('not-implemented', `${what} is not in this version`);
};
