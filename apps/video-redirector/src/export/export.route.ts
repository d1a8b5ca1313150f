import { asMediaError, RecordingExport } from '@app/media';
import { CONFIG, LOGGER, type AppLogger } from '@app/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RedirectorConfig } from '../config.js';
import { codeOf } from '../streams/refusal.js';
import type { Failure } from '../web/problem.js';
import { type StreamTarget, ticketOf } from '../web/web-request.js';
import { failureOf, type WebRecording, WebStreamResolver } from '../web/web-stream.resolver.js';
import { exportName, exportRange, type ExportRange } from './export-range.js';
import { ExportMetrics } from './export.metrics.js';
import { ExportResponse } from './export.response.js';

const GONE: Failure = { status: 404, code: 'not-found', detail: 'there is nothing at this address' };
const FULL: Failure = {
  status: 503,
  code: 'export-capacity-exceeded',
  detail: 'as many exports run as this redirector allows',
};
/** What a device says of a range, as HTTP says it; all else is 503. */
const STATUS: Record<string, number> = { 'recording-range-outside': 404, 'stream-not-playable': 501 };

/** `GET /export/<site>/<camera>?from=…&to=…`: a range of a recording as an MP4 file, as fast as the site gives it. */
@Injectable()
export class ExportRoute {
  constructor(
    @Inject(CONFIG) private readonly config: RedirectorConfig,
    private readonly streams: WebStreamResolver,
    private readonly metrics: ExportMetrics,
    @Inject(LOGGER) private readonly logger: AppLogger,
  ) {}

  /** @returns what is wrong with the request; undefined when it was answered, whole or not */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    target: StreamTarget,
    address: string,
  ): Promise<Failure | undefined> {
    if (target.rest.length > 0) return GONE;
    const range = exportRange(url.searchParams, Date.now());
    if (typeof range === 'string') return { status: 400, code: 'invalid-request', detail: range };
    const stream = await this.streams.recording(target, ticketOf(request, url), address);
    if ('status' in stream) return stream;
    // Counted here: who has no right takes no place.
    if (this.metrics.running >= this.config.ADIT_EXPORT_CAPACITY) return FULL;
    this.metrics.running++;
    try {
      return await this.send(stream, range, target, response);
    } finally {
      this.metrics.running--;
    }
  }

  private async send(
    { recording, ended, admit }: WebRecording,
    range: ExportRange,
    { site, camera }: StreamTarget,
    response: ServerResponse,
  ): Promise<Failure | undefined> {
    const file = new ExportResponse(response, exportName(site, camera, range), ended, (bytes) =>
      this.metrics.sent(bytes),
    );
    const place = admit?.({ transport: 'file', bytes: () => file.bytes, end: (code) => file.stop(code) });
    if (place !== undefined && 'refuse' in place) {
      file.release();
      return failureOf(place.refuse);
    }
    const made = new RecordingExport(recording, range, file);
    file.onDrain = () => made.resume();
    const about = { path: `/${site}/${camera}`, ...range };
    try {
      const { pictures, bytes } = await made.run(file.signal);
      await file.end();
      this.metrics.finished('complete');
      this.logger.info({ ...about, pictures, bytes }, 'a recording was exported');
      return undefined;
    } catch (error) {
      const code = file.reason ?? codeOf(asMediaError(error, 'source-failed'));
      this.metrics.finished(code);
      this.logger.info({ ...about, code }, 'an export was not completed');
      if (!file.hasBegun && !file.signal.aborted) return { status: STATUS[code] ?? 503, code, detail: detailOf(error) };
      file.abort();
      return undefined;
    } finally {
      place?.leave();
      file.release();
    }
  }
}

const detailOf = (error: unknown): string => asMediaError(error, 'source-failed').message.slice(0, 300);
