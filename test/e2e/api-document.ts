import type { HttpClient } from './http-client.js';

export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  type?: string;
  format?: string;
  enum?: unknown[];
  example?: unknown;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  minLength?: number;
  minimum?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema?: Schema;
}

export interface Operation {
  method: string;
  /** With its parameters in braces. */
  path: string;
  parameters: Parameter[];
  body: Schema | undefined;
  permission: string | undefined;
}

interface Document {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: Parameter[];
        requestBody?: { content: Record<string, { schema: Schema }> };
        'x-required-permission'?: string;
      }
    >
  >;
  components: { schemas: Record<string, Schema> };
}

/** The API as its OpenAPI document describes it. */
export class ApiDocument {
  private constructor(private readonly document: Document) {}

  static async read(client: HttpClient): Promise<ApiDocument> {
    return new ApiDocument((await client.ask<Document>('GET', '/api/v1/openapi.json')).body);
  }

  operations(): Operation[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => ({
        method: method.toUpperCase(),
        path,
        parameters: operation.parameters ?? [],
        body: operation.requestBody?.content['application/json']?.schema,
        permission: operation['x-required-permission'],
      })),
    );
  }

  /**
   * The least value that a schema takes: required members only.
   * @param id what a member of format `uuid` shall be, by its name
   */
  sample(schema: Schema, id: (name: string) => string, name = ''): unknown {
    const { $ref, allOf, type, properties, required = [], items } = schema;
    if ($ref !== undefined)
      return this.sample(this.document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {}, id, name);
    if (allOf?.[0]) return this.sample(allOf[0], id, name);
    if (type === 'array') return items ? [this.sample(items, id, name)] : [];
    if (type === 'object' || properties) {
      return Object.fromEntries(required.map((key) => [key, this.sample(properties?.[key] ?? {}, id, key)]));
    }
    return sampleScalar(schema, id, name);
  }
}

const sampleScalar = (schema: Schema, id: (name: string) => string, name: string): unknown => {
  if (schema.format === 'uuid') return id(name);
  if (schema.enum) return schema.enum[0];
  if (schema.format === 'date-time') return new Date(Date.now() + 3_600_000).toISOString();
  if (schema.type === 'boolean') return false;
  if (schema.type === 'number' || schema.type === 'integer') return schema.minimum ?? 1;
  const text = typeof schema.example === 'string' ? schema.example : 'sample';
  return text.padEnd(schema.minLength ?? 0, 'x');
};
