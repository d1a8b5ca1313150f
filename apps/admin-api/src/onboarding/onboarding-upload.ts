import { DomainError } from '@app/contracts';
import { parseJsonObject, JSON_TYPE } from '../http/json-body.middleware.js';
import type { Upload } from '../http/upload.js';
import { isUsablePassphrase } from '@app/pki';
import { readSheet, type Sheet } from './onboarding-sheet.js';

const CSV_TYPE = 'text/csv';
const MEMBERS = new Set(['passphrase', 'rows', 'csv']);

export interface Batch {
  sheet: Sheet;
  passphrase: string | undefined;
}

/** `text/csv`, or JSON with `rows` or `csv`. @throws DomainError `unsupported-media-type`, `invalid-request` */
export const readBatch = ({ type, bytes }: Upload): Batch => {
  if (type === CSV_TYPE) return { sheet: readSheet(bytes), passphrase: undefined };
  if (type !== JSON_TYPE) throw new DomainError('unsupported-media-type', `send ${CSV_TYPE} or ${JSON_TYPE}`);
  const body = parseJsonObject(bytes) as Record<string, unknown>;
  const unknown = Object.keys(body).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) throw invalid(unknown, 'unknown member');
  return { sheet: sheetOf(body), passphrase: passphraseOf(body['passphrase']) };
};

const sheetOf = ({ rows, csv }: Record<string, unknown>): Sheet => {
  if ((rows === undefined) === (csv === undefined)) throw invalid('rows', 'either rows or csv');
  if (typeof csv === 'string') return readSheet(Buffer.from(csv));
  if (csv !== undefined) throw invalid('csv', 'the text of a CSV file');
  if (!Array.isArray(rows)) throw invalid('rows', 'an array of sites');
  const entries: unknown[] = rows;
  return {
    errors: [],
    rows: entries.map((entry, index) => ({ row: index + 1, line: null, members: objectOf(entry) })),
  };
};

/** What is no object lacks everything. */
const objectOf = (entry: unknown): Record<string, unknown> =>
  typeof entry === 'object' && entry !== null && !Array.isArray(entry) ? { ...entry } : {};

const passphraseOf = (value: unknown): string | undefined => {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && isUsablePassphrase(value)) return value;
  throw invalid('passphrase', 'a text of at least 12 characters and at most 1024 bytes');
};

const invalid = (member: string, detail: string): DomainError =>
  new DomainError('invalid-request', 'the request is not valid: see errors', {
    fields: [{ pointer: `/${member}`, detail }],
  });
