import type { OpenAPIObject } from '@nestjs/swagger';
import type { Responses } from './operation.js';

interface Schema {
  $ref?: string;
  type?: string | string[];
  nullable?: boolean;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  description?: string;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Every object that names its members has no others: answers are made so, and requests with others are refused. */
export const closeSchemas = (node: unknown): void => {
  if (Array.isArray(node)) return node.forEach(closeSchemas);
  if (!isObject(node)) return;
  Object.values(node).forEach(closeSchemas);
  const { type, properties, additionalProperties } = node as Schema;
  if (type === 'object' && properties && additionalProperties === undefined) node['additionalProperties'] = false;
};

const NULL_NOTE = 'null when the request is repeated with its Idempotency-Key';

/** Marks a member of a route's successes as nullable. @throws Error when none of them has such a member */
export const makeNullable = (document: OpenAPIObject, responses: Responses, member: string): void => {
  const schemas = Object.entries(responses)
    .filter(([status]) => status.startsWith('2'))
    .flatMap(([, response]) => (response && 'content' in response ? Object.values(response.content ?? {}) : []))
    .map(({ schema }) => resolved(document, schema as Schema | undefined));
  const properties = schemas.flatMap((schema) => schema?.properties?.[member] ?? []);
  if (properties.length === 0) throw new Error(`@AnsweredOnce: the answer has no member ${member}`);
  for (const property of properties) {
    const types = [property.type ?? []].flat();
    property.type = types.includes('null') ? types : [...types, 'null'];
    const { description } = property;
    // Two routes may answer the same.
    if (description?.includes(NULL_NOTE)) continue;
    property.description = description ? `${description}; ${NULL_NOTE}` : NULL_NOTE;
  }
};

const resolved = (document: OpenAPIObject, schema: Schema | undefined): Schema | undefined => {
  const name = schema?.$ref?.split('/').at(-1);
  return name === undefined ? schema : document.components?.schemas?.[name];
};
