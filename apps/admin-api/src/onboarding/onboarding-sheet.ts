import { CsvError, parse } from 'csv-parse/sync';
import { COLUMNS } from './onboarding-columns.js';
import type { OnboardingRowError } from './onboarding.dto.js';

/** A site as it was written, not checked yet. */
export interface DraftRow {
  /** From 1, without the header. */
  row: number;
  /** In the file, from 1; null where there is no file. */
  line: number | null;
  members: Record<string, unknown>;
}

export interface Sheet {
  rows: DraftRow[];
  errors: OnboardingRowError[];
}

type Column = (typeof COLUMNS)[number];
const RECORD_BYTES = 24 * 1024;

interface CsvRecord {
  record: string[];
  info: { lines: number };
}

/**
 * Reads CSV (RFC 4180) with a header, in UTF-8 with or without BOM, divided by comma, semicolon or tab: as the header is.
 * Empty cells are absent, lines without any text do not count.
 */
export const readSheet = (bytes: Buffer): Sheet => {
  const text = decode(bytes);
  if (text === undefined) return fault('not UTF-8 text: save the file as “CSV UTF-8”');
  try {
    const [header, ...records] = parse(text, {
      delimiter: delimiterOf(text),
      info: true,
      trim: true,
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: RECORD_BYTES,
    }) as unknown as CsvRecord[];
    if (header === undefined) return fault('the file is empty');
    return toSheet(header.record, records);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    return fault(`not CSV: ${error.message}`);
  }
};

const decode = (bytes: Buffer): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

/** A name may hold a comma, a header does not: so the header decides. */
const delimiterOf = (text: string): string => {
  const header = text.trimStart().split(/[\r\n]/, 1)[0] ?? '';
  return [';', '\t'].find((delimiter) => header.includes(delimiter)) ?? ',';
};

const fault = (detail: string, column = ''): Sheet => ({
  rows: [],
  errors: [{ row: 0, line: null, column, code: 'malformed', detail }],
});

const toSheet = (header: readonly string[], records: readonly CsvRecord[]): Sheet => {
  const names = header.map((cell) => COLUMNS.find((name) => name.toLowerCase() === cell.toLowerCase()));
  const errors = headerErrors(header, names);
  // Without it every row would lack its name.
  if (!names.includes('name')) return { rows: [], errors };
  const rows = records.map(({ record, info }, index) => {
    const [row, line] = [index + 1, info.lines];
    if (record.length > header.length) {
      errors.push({
        row,
        line,
        column: '',
        code: 'malformed',
        detail: `${record.length} cells, the header has ${header.length}`,
      });
    }
    return { row, line, members: toMembers(names, record) };
  });
  return { rows, errors };
};

const headerErrors = (header: readonly string[], names: readonly (string | undefined)[]): OnboardingRowError[] => {
  const at = { row: 0, line: 1 };
  const unknown = header.filter((_, index) => names[index] === undefined);
  const twice = names.filter((name, index) => name !== undefined && names.indexOf(name) !== index);
  return [
    ...unknown.map((column) => ({ ...at, column, code: 'unknown', detail: `columns are ${COLUMNS.join(', ')}` })),
    ...twice.map((column) => ({ ...at, column: column ?? '', code: 'duplicate', detail: 'the column is there twice' })),
    ...(names.includes('name') ? [] : [{ ...at, column: 'name', code: 'missing', detail: 'the column is missing' }]),
  ];
};

const wholeNumber = (cell: string): number | undefined => (/^\d{1,9}$/.test(cell) ? Number(cell) : undefined);
const degrees = (cell: string): number | undefined =>
  /^-?\d{1,3}(?:\.\d{1,15})?$/.test(cell) ? Number(cell) : undefined;
/** `region=north,tier=gold`: no value of a tag has a comma. */
const tagsOf = (cell: string): Record<string, string> | undefined => {
  const pairs = cell.split(',').map((pair) => /^\s*([^=]+?)\s*=(.*)$/.exec(pair));
  if (pairs.includes(null)) return undefined;
  return Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2]?.trim() ?? '']));
};

/** What a cell says; a text that has not this form stays one, and is found wrong with the row. */
const FORMS: Partial<Record<Column, (cell: string) => unknown>> = {
  validForSeconds: wholeNumber,
  latitude: degrees,
  longitude: degrees,
  tags: tagsOf,
};

const toMembers = (names: readonly (Column | undefined)[], record: readonly string[]): Record<string, unknown> => {
  const members: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    const cell = record[index] ?? '';
    if (name === undefined || cell === '') continue;
    members[name] = FORMS[name]?.(cell) ?? cell;
  }
  return members;
};
