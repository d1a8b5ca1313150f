import { DomainError } from '@app/contracts';
import { JsonError, parseStrictJson } from '@app/pki';
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { refuseUnstorable } from './unstorable.js';
import { isUpload } from './upload.js';

export const JSON_TYPE = 'application/json';
export const BODY_LIMIT_BYTES = 64 * 1024;

/** Bodies that are read before it is known who sends them. */
export const isJsonBody = (request: IncomingMessage): boolean =>
  /^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? '') && !isUpload(request as Request);

/** Runs after the raw body was read: a body is one JSON object, UTF-8, no member twice, not too deep. */
export const jsonBody = (request: Request, _response: Response, next: NextFunction): void => {
  if (isUpload(request)) return next();
  const raw: unknown = request.body;
  if (!Buffer.isBuffer(raw)) {
    request.body = undefined;
    return next(hasBody(request) ? new DomainError('unsupported-media-type', `send ${JSON_TYPE}`) : undefined);
  }
  try {
    request.body = raw.length === 0 ? undefined : parseJsonObject(raw);
    next();
  } catch (error) {
    next(error);
  }
};

const hasBody = (request: Request): boolean =>
  request.header('transfer-encoding') !== undefined || Number(request.header('content-length') ?? 0) > 0;

/** @throws DomainError `invalid-request` */
export const parseJsonObject = (raw: Buffer): object => {
  const value = parseObject(raw);
  refuseUnusable(value, '');
  return value;
};

const parseObject = (raw: Buffer): object => {
  const value = parse(raw);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new DomainError('invalid-request', 'the body is not a JSON object', {
    fields: [{ pointer: '', detail: 'a JSON object' }],
  });
};

const parse = (raw: Buffer): unknown => {
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(raw));
  } catch (cause) {
    if (cause instanceof JsonError) {
      throw new DomainError('invalid-request', `the body is not valid JSON: ${cause.fault} at ${cause.offset}`, {
        cause,
      });
    }
    throw new DomainError('invalid-request', 'the body is not UTF-8', { cause });
  }
};

/** Names that objects have already: validation would drop them in silence. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);

/** Recursion is bounded by the depth that the parser allows. */
const refuseUnusable = (value: unknown, pointer: string): void => {
  if (typeof value === 'string') return refuseUnstorable(value, pointer);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (RESERVED.has(name)) {
      throw new DomainError('invalid-request', `${name} is no member's name here`, {
        fields: [{ pointer: `${pointer}/${name}`, detail: 'unknown member' }],
      });
    }
    refuseUnusable(member, `${pointer}/${name}`);
  }
};
