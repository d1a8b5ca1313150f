import { MediaError } from '@app/media';
import { XMLParser } from 'fast-xml-parser';

/** An element: its children by local name, text under `#text`, attributes with `@` before their name. */
export interface XmlNode {
  [name: string]: unknown;
}

/** Values stay texts: a token may be `1` or longer than a number can be. */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
});

/** @returns the content of the Body. @throws MediaError `camera-refused` when it is no SOAP */
export const parseEnvelope = (text: string): XmlNode => {
  // A document type could define entities that grow without bound.
  if (/<!DOCTYPE/i.test(text)) throw new MediaError('camera-refused', 'The device answered with a document type');
  try {
    const body = nodeAt(parser.parse(text), 'Envelope', 'Body');
    if (body !== undefined) return body;
  } catch (error) {
    throw new MediaError('camera-refused', 'The device answered what is no XML', undefined, { cause: error });
  }
  throw new MediaError('camera-refused', 'The device answered what is no SOAP');
};

export const nodeAt = (node: unknown, ...path: string[]): XmlNode | undefined => {
  let at: unknown = node;
  for (const name of path) at = isNode(at) ? at[name] : undefined;
  return isNode(at) ? at : undefined;
};

export const textAt = (node: unknown, ...path: string[]): string | undefined => {
  const last = path.at(-1) ?? '';
  const value = (path.length > 1 ? nodeAt(node, ...path.slice(0, -1)) : isNode(node) ? node : undefined)?.[last];
  if (typeof value === 'string') return value;
  return isNode(value) && typeof value['#text'] === 'string' ? value['#text'] : undefined;
};

/** Elements of one name, of which there may be none, one or many. */
export const listAt = (node: unknown, name: string): XmlNode[] => {
  const value = isNode(node) ? node[name] : undefined;
  return (Array.isArray(value) ? value : [value]).filter(isNode);
};

/** xs:dateTime in milliseconds since 1970; without an offset it is UTC, as ONVIF wants it. */
export const timeOf = (text: string | undefined): number | undefined => {
  if (text === undefined) return undefined;
  const ms = Date.parse(/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(ms) ? undefined : ms;
};

export const escapeXml = (text: string): string =>
  text.replace(/[<>&'"]/g, (character) => `&#${character.charCodeAt(0)};`);

const isNode = (value: unknown): value is XmlNode =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
