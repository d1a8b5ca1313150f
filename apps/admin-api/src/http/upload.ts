import { DomainError } from '@app/contracts';
import type { Request } from 'express';

const LIMIT_BYTES = 1024 * 1024;

export interface Upload {
  /** Media type without parameters, in lower case. */
  type: string;
  bytes: Buffer;
}

/** Routes that read their body themselves, once it is known who sends it: `POST /api/v1/onboardings`. */
export const isUpload = (request: Request): boolean =>
  request.method === 'POST' && /^\/api\/v1\/onboardings\/?$/i.test(request.originalUrl.split('?')[0] ?? '');

const uploads = new WeakMap<Request, Promise<Upload>>();

/**
 * The same for who asks again.
 * @throws DomainError `payload-too-large`, `unsupported-media-type` for one that is compressed
 */
export const readUpload = (request: Request): Promise<Upload> => {
  const upload = uploads.get(request) ?? read(request);
  uploads.set(request, upload);
  return upload;
};

const read = async (request: Request): Promise<Upload> => {
  if ((request.header('content-encoding') ?? 'identity') !== 'identity') {
    throw new DomainError('unsupported-media-type', 'send the body uncompressed');
  }
  if (Number(request.header('content-length') ?? 0) > LIMIT_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  // Breaking out would destroy the socket before the answer is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LIMIT_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  const type = (request.header('content-type') ?? '').split(';')[0] ?? '';
  return { type: type.trim().toLowerCase(), bytes: Buffer.concat(chunks) };
};

const tooLarge = (): DomainError =>
  new DomainError('payload-too-large', `the body is over ${Math.floor(LIMIT_BYTES / 1024)} KiB`);
