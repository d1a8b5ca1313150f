import { MediaError } from '@app/media';
import { XMLParser } from 'fast-xml-parser';

/** An element: its children by local name, text under `#text`, attributes with `@` before their name. */
export interface XmlNode {
  [name: string]: unknown;
}

/** Values stay texts: a token may be `1` or longer than a number can be; what belongs into a header later stays XML. */
const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  stopNodes: ['*.ReferenceParameters'],
});

/** @returns the content of the Body. @throws MediaError `camera-refused` when it is no SOAP */
export const parseEnvelope = (text: string): XmlNode => {
  // A document type could define entities that grow without bound.
  if (/<!DOCTYPE/i.test(text)) throw new MediaError('camera-refused', 'The device answered with a document type');
  try {
    const body = nodeAt(parser.parse(withOwnNamespaces(text)), 'Envelope', 'Body');
    if (body !== undefined) return body;
  } catch (error) {
    throw new MediaError('camera-refused', 'The device answered what is no XML', undefined, { cause: error });
  }
  throw new MediaError('camera-refused', 'The device answered what is no SOAP');
};

const REFERENCE = /(<(?:[\w-]+:)?ReferenceParameters(?:\s[^>]*)?>)([^]*?)(<\/(?:[\w-]+:)?ReferenceParameters>)/;

/** Makes the content of reference parameters carry the namespaces that stand around it, so that it can be repeated elsewhere. */
const withOwnNamespaces = (text: string): string =>
  text.replace(REFERENCE, (_all, open: string, content: string, close: string) => {
    const own = content.replace(
      /<([\w-]+):([\w.-]+)((?:\s[^>]*)?)>/g,
      (tag, prefix: string, name: string, rest: string) => {
        if (rest.includes(`xmlns:${prefix}=`)) return tag;
        const around = [...text.matchAll(/xmlns:([\w-]+)=("[^"]*"|'[^']*')/g)].find(([, one]) => one === prefix);
        return around === undefined ? tag : `<${prefix}:${name} xmlns:${prefix}=${around[2]}${rest}>`;
      },
    );
    return open + own + close;
  });

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
