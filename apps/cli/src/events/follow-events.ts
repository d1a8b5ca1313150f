import { setTimeout as sleep } from 'node:timers/promises';
import { createParser } from 'eventsource-parser';
import type { ApiClient, Query } from '../api/client.js';
import { ApiProblem } from '../api/problem.js';
import { siteEvent, type SiteEvent } from '../api/shapes.js';

/** The server gives a sign of life every 10 s. */
const SILENT_MS = 35_000;
const AGAIN_MS = 1_000;

/**
 * Events as they arrive, each once, across lost connections and restarts of the server, until `signal`.
 * @throws ApiProblem when the server refuses; what the first connection throws
 */
export async function* followEvents(
  client: ApiClient,
  query: Query,
  signal: AbortSignal,
  note: (text: string) => void,
): AsyncGenerator<SiteEvent> {
  let lastId: string | undefined;
  let isLost = false;
  let isFirst = true;
  while (!signal.aborted) {
    try {
      const headers = { accept: 'text/event-stream', ...(lastId === undefined ? {} : { 'last-event-id': lastId }) };
      const response = await client.stream('GET', '/events/stream', { query, headers, endless: true });
      if (isLost) note('The server answers again; nothing is missing.');
      [isFirst, isLost] = [false, false];
      for await (const { id, event } of messagesOf(response)) {
        lastId = id ?? lastId;
        if (event !== undefined) yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (isFirst || (error instanceof ApiProblem && error.status < 429)) throw error;
      if (!isLost) note('The connection was lost; going on as soon as the server answers.');
      isLost = true;
    }
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

interface Message {
  id: string | undefined;
  event: SiteEvent | undefined;
}

/** Ends with the connection, and when the server is silent. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  const messages: Message[] = [];
  const parser = createParser({
    onEvent: ({ id, data }) => messages.push({ id, event: siteEvent.parse(JSON.parse(data)) }),
  });
  try {
    for (;;) {
      const silence = new AbortController();
      const part = await Promise.race([
        reader.read(),
        sleep(SILENT_MS, undefined, { signal: silence.signal }).catch(() => undefined),
      ]);
      silence.abort();
      if (part === undefined || part.done) return;
      parser.feed(part.value);
      yield* messages.splice(0);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
