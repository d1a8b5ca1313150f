import type { ApiClient } from '../api/client.js';
import { operator as operatorShape, type Operator } from '../api/shapes.js';
import { CliError } from '../errors.js';

/** An operator by id or name. @throws CliError `operator-unknown` */
export const findOperator = async (client: ApiClient, reference: string): Promise<Operator> => {
  const wanted = reference.toLowerCase();
  for await (const operator of client.list(operatorShape, '/operators')) {
    if (operator.username.toLowerCase() === wanted || operator.id === wanted) return operator;
  }
  throw new CliError('operator-unknown', `there is no operator ${reference}`, 'adit operator list shows them all');
};
