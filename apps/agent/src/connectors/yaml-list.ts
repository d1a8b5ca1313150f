import { LineCounter, type Document, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ConnectorError } from './errors.js';

/**
 * Reads a list that people keep by hand. An empty text is an empty object.
 * @throws ConnectorError `camera-list-not-yaml`, `camera-list-invalid`; the message names line and member
 */
export const readYaml = <S extends z.ZodType>(text: string, schema: S): z.output<S> => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) {
    const { line, col } = lines.linePos(broken.pos[0]);
    throw new ConnectorError('camera-list-not-yaml', `line ${line}, column ${col}: ${broken.code}`);
  }
  const content = contentOf(document);
  const parsed = schema.safeParse(content);
  if (!parsed.success) throw invalid(document, lines, parsed.error.issues);
  return parsed.data;
};

const contentOf = (document: Document): unknown => {
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch (cause) {
    throw new ConnectorError('camera-list-not-yaml', 'The list uses aliases, which are not followed', { cause });
  }
};

const invalid = (document: Document, lines: LineCounter, issues: z.core.$ZodIssue[]): ConnectorError => {
  const told = issues.slice(0, 5).map((issue) => {
    const offset = offsetOf(document, issue.path);
    const place = offset === undefined ? '' : `line ${lines.linePos(offset).line}: `;
    return `${place}${issue.path.join('.') || 'the list'}: ${issue.message}`;
  });
  return new ConnectorError('camera-list-invalid', told.join('; '));
};

/** Of the member, or of the nearest thing around it that exists. */
const offsetOf = (document: Document, path: readonly PropertyKey[]): number | undefined => {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    const range = (node as { range?: [number, number, number] | null } | null | undefined)?.range;
    if (range) return range[0];
  }
  return undefined;
};
