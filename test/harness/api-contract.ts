import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export interface OpenApiDocument {
  openapi: string;
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: { responses: Record<string, OpenApiResponse>; headers: Record<string, { required?: boolean }> };
}
interface OpenApiOperation {
  responses: Record<string, OpenApiResponse>;
}
interface OpenApiResponse {
  $ref?: string;
  content?: Record<string, unknown>;
  headers?: Record<string, { $ref?: string; required?: boolean }>;
}

export interface ApiAnswer {
  method: string;
  /** of the request, without its query */
  path: string;
  status: number;
  headers: Headers;
  /** undefined when it was not read */
  body: string | undefined;
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
const ROOT = 'adit';

/** The API's OpenAPI document, against which every answer is held. */
export class ApiContract {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });
  private readonly compiled = new Map<string, ValidateFunction>();
  private readonly patterns: [RegExp, string][];

  constructor(readonly document: OpenApiDocument) {
    formats.default(this.ajv);
    this.ajv.addSchema(document, ROOT);
    this.patterns = Object.keys(document.paths).map((path) => [
      new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}/?$`, 'i'),
      path,
    ]);
  }

  /** @returns what is wrong with the answer; null when it is as described */
  check(answer: ApiAnswer): string | null {
    const fault = this.fault(answer);
    if (fault === null) return null;
    return `${answer.method} ${answer.path} answered ${answer.status} against its description: ${fault}`;
  }

  /** `get /api/v1/sites/{id}`; undefined for an address or a method that is not described. */
  operationOf(method: string, path: string): string | undefined {
    const name = method === 'HEAD' ? 'get' : method.toLowerCase();
    // A path without parameters goes before one that would take it too.
    const known = this.patterns.filter(([pattern]) => pattern.test(path)).map(([, template]) => template);
    const template = known
      .toSorted((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
      .find((each) => this.document.paths[each]?.[name]);
    return template === undefined ? undefined : `${name} ${template}`;
  }

  /** Operations that this version has. */
  operations(): string[] {
    return Object.entries(this.document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] && !item[method].responses['501']).map((method) => `${method} ${path}`),
    );
  }

  private fault(answer: ApiAnswer): string | null {
    const operation = this.operationOf(answer.method, answer.path);
    if (operation === undefined) return this.faultOfUnknown(answer);
    const [method = '', path = ''] = operation.split(' ');
    const pointer = `/paths/${escaped(path)}/${method}/responses/${answer.status}`;
    const listed = this.document.paths[path]?.[method]?.responses[answer.status];
    if (!listed) return `the status is not listed; the body is ${answer.body ?? ''} (see @Fails of admin-api)`;
    const response = listed.$ref ? this.responseOf(listed.$ref) : listed;
    return (
      this.faultOfHeaders(answer, response) ??
      this.faultOfBody(answer, response, listed.$ref ? listed.$ref.slice(1) : pointer)
    );
  }

  private faultOfUnknown({ body, status }: ApiAnswer): string | null {
    if (![400, 401, 403, 404, 405, 413, 415, 429].includes(status)) return 'nothing is described there';
    return body ? this.validate('/components/schemas/Problem', body) : null;
  }

  private faultOfHeaders({ headers }: ApiAnswer, response: OpenApiResponse): string | null {
    const missing = Object.entries(response.headers ?? {}).find(([name, { $ref, required }]) => {
      const isRequired = $ref ? this.document.components.headers[$ref.split('/').at(-1) ?? '']?.required : required;
      return isRequired === true && headers.get(name) === null;
    });
    return missing ? `the header ${missing[0]} is missing` : null;
  }

  private faultOfBody({ method, headers, body }: ApiAnswer, response: OpenApiResponse, pointer: string): string | null {
    if (body === undefined || method === 'HEAD') return null;
    if (!response.content) return body === '' ? null : `no body is described, and there is one: ${body.slice(0, 200)}`;
    const type = (headers.get('content-type') ?? '').split(';')[0]?.trim() ?? '';
    if (!response.content[type]) return `the content type ${type} is not listed`;
    if (!/[/+]json$/.test(type)) return null;
    return this.validate(`${pointer}/content/${escaped(type)}/schema`, body);
  }

  private responseOf(reference: string): OpenApiResponse {
    return this.document.components.responses[reference.split('/').at(-1) ?? ''] ?? {};
  }

  private validate(pointer: string, body: string): string | null {
    const validate = this.compiled.get(pointer) ?? this.ajv.compile({ $ref: `${ROOT}#${pointer}` });
    this.compiled.set(pointer, validate);
    if (validate(JSON.parse(body))) return null;
    return `${this.ajv.errorsText(validate.errors)}: ${body.slice(0, 500)}`;
  }
}

const escaped = (part: string): string => part.replaceAll('~', '~0').replaceAll('/', '~1');

/** Notes in the run's folder that an operation was answered; `test/global-teardown.mjs` looks which were not. */
export const noteExercised = (contract: ApiContract, operation: string, status: number): void => {
  const dir = process.env['TEST_API_DIR'];
  if (!dir) return;
  appendFileSync(join(dir, 'exercised'), `${operation} ${status}\n`);
  const file = join(dir, 'operations.json');
  if (!existsSync(file)) writeFileSync(file, JSON.stringify(contract.operations()));
};
