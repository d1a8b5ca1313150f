import { writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { Browser } from '../harness/browser.js';
import { waitUntil } from '../harness/condition.js';
import { decodedFile, ExportSite, secondsLater } from '../harness/export-site.js';

describe('recordings of a site as files', () => {
  let at: ExportSite;

  beforeAll(async () => {
    at = await ExportSite.start();
  }, 120_000);

  afterAll(() => at?.[Symbol.asyncDispose](), 30_000);

  /** A download of which nothing is read before one asks for it. */
  const begin = async (url: string): Promise<IncomingMessage> => {
    const [response] = (await once(get(url), 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return response;
  };

  const refusal = async (url: string, method = 'GET'): Promise<string> => {
    const response = await fetch(url, { method });
    const { code = '' } = (await response.json()) as { code?: string };
    return `${response.status} ${code}`;
  };

  it('come whole, with a name, and last as long as was recorded', async () => {
    const response = await fetch(await at.url(at.gate, 0, 40));
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    expect(response.headers.get('content-disposition')).toBe(
      'attachment; filename="hamburg-gate-20260131T120000Z-20260131T120040Z.mp4"',
    );
    const path = join(at.platform.dataDir, 'gate.mp4');
    writeFileSync(path, Buffer.from(await response.arrayBuffer()));
    expect(decodedFile(path)).toEqual({ seconds: 20, pictures: 500 });
    const [row] = await at.platform.query<{ body: string }>(
      `SELECT body::text FROM audit_event WHERE body::text LIKE '%view-ticket.issued%' ORDER BY seq DESC LIMIT 1`,
    );
    expect(row?.body).toContain(secondsLater(40));
    expect(row?.body).not.toMatch(/eyJ|ticket=/);
    const asked = at.recorder.replay.queries.findLast(({ method }) => method === 'PLAY');
    expect(asked?.headers.get('rate-control')).toBe('no');
    await waitUntil('the recorder is left', () => at.recorder.replay.sockets.size === 0);
  }, 30_000);

  it('play in Chromium to their end', async () => {
    await using browser = await Browser.start();
    const { page } = await browser.open(`http://127.0.0.1:${at.platform.ports.play}/play/hamburg/gate`);
    const played = await page.evaluate(play, await at.url(at.gate, 0, 40));
    expect(played).toMatchObject({ ended: true, error: null });
    expect(played.frames).toBeGreaterThan(450);
    expect(played.duration).toBeCloseTo(20, 0);
  }, 60_000);

  it('are refused with the reason as a problem document', async () => {
    const url = await at.url(at.gate, 0, 10);
    const { origin, pathname } = new URL(url);
    const range = `from=${secondsLater(0)}&to=${secondsLater(10)}`;
    expect(await refusal(`${origin}${pathname}?${range}`)).toBe('401 unauthenticated');
    expect(await refusal(`${origin}${pathname}?${range}&ticket=a.b.c`)).toBe('401 ticket-invalid');
    const live = new URL(await at.site.playUrl(at.gate)).searchParams.get('ticket');
    expect(await refusal(`${origin}${pathname}?${range}&ticket=${live}`)).toBe('403 forbidden');
    expect(await refusal(url.replace('/gate?', '/yard?'))).toBe('403 forbidden');
    expect(await refusal(url.replace(/to=[^&]*/, 'to=now'))).toBe('400 invalid-request');
    expect(await refusal(url.replace(/to=2026/, 'to=2126'))).toBe('400 invalid-request');
    expect(await refusal(url, 'POST')).toBe('405 method-not-allowed');
    expect(await refusal(await at.url(at.hall, 0, 10))).toBe('404 recording-not-found');
    expect(await refusal(await at.url(at.gate, 50, 60))).toBe('404 recording-range-outside');
    await expect(at.url(at.gate, 10, 10)).rejects.toThrow(/ invalid-request /);
    await expect(at.url(at.gate, 0, 86_401)).rejects.toThrow(/ invalid-request /);
  }, 30_000);

  it('wait for a client that reads slowly, and end at the site when it goes away', async () => {
    const { replay } = at.longRecorder;
    const response = await begin(await at.url(at.yard, 0, 400));
    expect(response.statusCode).toBe(200);
    let sent = -1;
    await waitUntil('nothing is sent any more', async () => {
      const before = sent;
      await new Promise((resolve) => setTimeout(resolve, 400));
      return before === (sent = replay.sentBytes);
    });
    expect(replay.runs.size).toBe(1);
    response.destroy();
    await waitUntil('the recorder is left', () => replay.sockets.size === 0, 5_000);
  }, 30_000);

  it('break off where the recorder is lost or the right is taken back, so that nobody takes a part for the whole', async () => {
    const { replay } = at.longRecorder;
    const cut = await begin(await at.url(at.yard, 0, 400));
    await once(cut, 'readable');
    for (const socket of replay.sockets) socket.destroy();
    await expect(readAll(cut)).rejects.toThrow(/aborted/);
    const { ticketId, url } = await at.issue(at.yard, 0, 400);
    const revoked = await begin(url);
    await once(revoked, 'readable');
    await at.rest.call('POST', `/view-tickets/${ticketId}/revoke`);
    await waitUntil('the recorder is left', () => replay.sockets.size === 0, 10_000);
    await expect(readAll(revoked)).rejects.toThrow(/aborted/);
    expect(await refusal(url)).toBe('401 ticket-revoked');
  }, 30_000);

  it('are made as many at a time as is allowed', async () => {
    const running: Awaited<ReturnType<typeof begin>>[] = [];
    while (running.length < 8) {
      // Those of the tests before give their places back when the redirector has seen that they are gone.
      await waitUntil('a place is free', async () => {
        const response = await begin(await at.url(at.yard, 0, 400));
        if (response.statusCode === 200) running.push(response);
        else response.resume();
        return response.statusCode === 200;
      });
    }
    const url = await at.url(at.yard, 0, 400);
    expect(await refusal(url)).toBe('503 export-capacity-exceeded');
    running[0]?.destroy();
    await waitUntil('a place is free', async () => {
      const response = await begin(url);
      response.destroy();
      return response.statusCode === 200;
    });
    for (const response of running) response.destroy();
    await waitUntil('the recorder is left', () => at.longRecorder.replay.sockets.size === 0, 10_000);
  }, 30_000);

  it('end when the agent is killed', async () => {
    const response = await begin(await at.url(at.yard, 0, 400));
    await once(response, 'readable');
    await at.site.kill();
    await expect(readAll(response)).rejects.toThrow(/aborted/);
    await at.site.cameras('Gate');
    await waitUntil('exports go again', async () => (await fetch(await at.url(at.gate, 0, 1))).status === 200);
  }, 60_000);
});

const readAll = async (response: IncomingMessage): Promise<void> => {
  for await (const chunk of response) void chunk;
};

interface Played {
  ended: boolean;
  error: unknown;
  frames: number;
  duration: number;
}

/** Runs in the page. */
const play = (url: string): Promise<Played> =>
  new Promise((resolve) => {
    const { document } = globalThis as unknown as { document: { createElement(name: 'video'): Video } };
    const video = document.createElement('video');
    const tell = (): void => {
      const { ended, error, duration } = video;
      resolve({ ended, error, duration, frames: video.getVideoPlaybackQuality().totalVideoFrames });
    };
    video.onended = tell;
    video.onerror = tell;
    video.muted = true;
    video.src = url;
    video.playbackRate = 4;
    void video.play();
  });

interface Video {
  src: string;
  muted: boolean;
  playbackRate: number;
  ended: boolean;
  error: unknown;
  duration: number;
  onended: () => void;
  onerror: () => void;
  play(): Promise<void>;
  getVideoPlaybackQuality(): { totalVideoFrames: number };
}
