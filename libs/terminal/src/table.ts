import stringWidth from 'string-width';
import { printable } from './printable.js';

const GAP = '  ';
const ELLIPSIS = '…';
/** A column that is cut keeps this many cells. */
const LEAST_WIDTH = 8;

export interface Column {
  title: string;
  /** Never cut, however narrow the terminal is: what is copied, such as an id. */
  whole?: boolean;
}

export interface ColumnsOptions {
  /** Cells of a line; without it nothing is cut. */
  width?: number | undefined;
  /** Adds colour to a cell once it has its width. */
  paint?: (text: string, row: number, column: number) => string;
}

/** Columns as wide as their widest cell; the last one runs free. */
export const table = (rows: readonly (readonly string[])[]): string => {
  const lines = rows.map((row) => row.map(printable));
  const widths = widthsOf(lines);
  return lines.map((row) => joined(row.map((cell, column) => padded(cell, widths[column] ?? 0)))).join('\n');
};

/** A table with titles; columns that may be cut give way when the line is narrower than all of it. */
export const columns = (
  head: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, paint = (text) => text }: ColumnsOptions = {},
): string => {
  const lines = rows.map((row) => row.map(printable));
  const titles = head.map(({ title }) => title);
  const widths = fitted(head, widthsOf([titles, ...lines]), width);
  const last = head.length - 1;
  const format = (row: readonly string[], index: number): string =>
    joined(
      row.map((cell, column) => {
        const space = widths[column] ?? 0;
        const short = cut(cell, width === undefined && column === last ? Infinity : space);
        return paint(column === last ? short : padded(short, space), index, column);
      }),
    );
  return [format(titles, -1), ...lines.map(format)].join('\n');
};

const joined = (cells: readonly string[]): string => cells.join(GAP).trimEnd();

const padded = (cell: string, width: number): string => cell + ' '.repeat(Math.max(0, width - stringWidth(cell)));

const widthsOf = (rows: readonly (readonly string[])[]): number[] => {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell));
    });
  }
  return widths;
};

/** Takes from the widest column that may be cut until the line fits, or no column can give more. */
const fitted = (head: readonly Column[], wanted: readonly number[], width: number | undefined): number[] => {
  const widths = [...wanted];
  if (width === undefined) return widths;
  let excess = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (widths.length - 1) - width;
  while (excess > 0) {
    let widest = -1;
    head.forEach(({ whole }, column) => {
      const own = widths[column] ?? 0;
      if (whole !== true && own > LEAST_WIDTH && own > (widths[widest] ?? 0)) widest = column;
    });
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess -= 1;
  }
  return widths;
};

const cut = (cell: string, width: number): string => {
  if (stringWidth(cell) <= width) return cell;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(cell)) {
    if (stringWidth(kept + segment) > width - 1) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
};
