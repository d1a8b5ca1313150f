import { MediaError } from '../errors.js';
import type { Rendition } from '../rendition.js';
import { encodeFrame } from './frame.js';
import { type HopFigures, readHop } from './hop-figures.js';

export const linkVersion = 1;

/** What the cloud redirector asks for. */
export interface LinkRequest {
  path: string;
  siteTicket: string;
  usage: string;
}

export interface OpenMessage extends LinkRequest {
  v: number;
}

export interface OpenedMessage {
  v: number;
  sdp: string;
}

export interface StateMessage {
  state: string;
  /** Code of the upstream's last trouble, or empty. */
  code: string;
  /** The usage that runs and why it is not a better one, where the sender may choose. */
  usage?: string;
  reason?: string;
  /** How the way to the receiver is. */
  hop?: HopFigures;
}

export interface ErrorMessage {
  code: string;
  detail: string;
}

const maxTextLength = 8192;

/** Reads a JSON payload and takes the named texts from it; throws `link-malformed`, or `link-version-unsupported` for another `v`. */
export function readMessage<K extends string>(payload: Buffer, versioned: boolean, ...names: K[]): Record<K, string> {
  const value = parseObject(payload);
  if (versioned && value['v'] !== linkVersion)
    throw new MediaError('link-version-unsupported', `Version ${linkVersion} is spoken here`);
  const texts = {} as Record<K, string>;
  for (const name of names) {
    const text = value[name];
    const limit = name === 'sdp' ? payload.length : maxTextLength;
    if (typeof text !== 'string' || text.length > limit) throw new MediaError('link-malformed', `'${name}' is no text`);
    texts[name] = text;
  }
  return texts;
}

interface ReadState {
  isUp: boolean;
  code: string;
  /** Undefined where the sender chooses nothing. */
  rendition: Rendition | undefined;
  /** Undefined where the sender tells nothing of the way. */
  hop: HopFigures | undefined;
}

/** Reads STATE; throws `link-malformed`. */
export function readState(payload: Buffer): ReadState {
  const { state, code } = readMessage(payload, false, 'state', 'code');
  const told = parseObject(payload);
  const { usage, reason } = told;
  const rendition = isWord(usage) && isWord(reason) ? { usage, reason } : undefined;
  return { isUp: state === 'up', code, rendition, hop: readHop(told) };
}

const isWord = (value: unknown): value is string => typeof value === 'string' && /^[a-z0-9-]{0,64}$/.test(value);

export function parseObject(payload: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    throw new MediaError('link-malformed', 'A message is no JSON', undefined, { cause: error });
  }
  throw new MediaError('link-malformed', 'A message is no object');
}

export function encodeMessage(
  type: number,
  message: OpenMessage | OpenedMessage | StateMessage | ErrorMessage,
): Buffer {
  return encodeFrame({ type }, Buffer.from(JSON.stringify(message)));
}
