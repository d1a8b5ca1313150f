import { ApiContract, noteExercised, type OpenApiDocument } from './api-contract.js';

/**
 * Every answer of the REST API in every end-to-end test is held against the API's own OpenAPI document, whoever asked:
 * this wraps `fetch` itself. What does not match fails the test in which it came.
 */
const API = '/api/v1/';
const DOCUMENT = `${API}openapi.json`;
const plainFetch = globalThis.fetch;
const contracts = new Map<string, Promise<ApiContract | null | undefined>>();
let violations: string[] = [];

/** Null for a server that has no such document; undefined when it does not show it at this address. */
const read = async (origin: string): Promise<ApiContract | null | undefined> => {
  try {
    const response = await plainFetch(`${origin}${DOCUMENT}`, { signal: AbortSignal.timeout(5_000) });
    if (response.status === 403) return undefined;
    return response.ok ? new ApiContract((await response.json()) as OpenApiDocument) : null;
  } catch {
    return null;
  }
};

/** Where an address does not show it the document of another one serves: all run the same build. */
const contractOf = async (origin: string): Promise<ApiContract | null> => {
  const known = contracts.get(origin) ?? read(origin);
  contracts.set(origin, known);
  const contract = await known;
  if (contract) return contract;
  contracts.delete(origin);
  if (contract === null) return null;
  for (const other of contracts.values()) {
    const found = await other;
    if (found) return found;
  }
  return null;
};

const hold = async (url: URL, method: string, response: Response): Promise<void> => {
  const contract = await contractOf(url.origin);
  if (!contract) return;
  const { status, headers } = response;
  const isRead = !(headers.get('content-type') ?? '').includes('event-stream');
  const body = isRead ? await response.clone().text() : undefined;
  const fault = contract.check({ method, path: url.pathname, status, headers, body });
  if (fault !== null) violations.push(fault);
  const operation = contract.operationOf(method, url.pathname);
  if (operation !== undefined) noteExercised(contract, operation, status);
};

globalThis.fetch = async (input, init) => {
  const response = await plainFetch(input, init);
  const url = new URL(input instanceof Request ? input.url : input);
  const isOurs = url.pathname.startsWith(API) && url.pathname !== DOCUMENT;
  if (isOurs) await hold(url, init?.method ?? 'GET', response);
  return response;
};

afterEach(() => {
  const found = violations;
  violations = [];
  if (found.length > 0) throw new Error(found.join('\n'));
});
