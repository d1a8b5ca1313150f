import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

/** The system's Chromium without a screen, with a profile of its own. */
export class Browser implements AsyncDisposable {
  private constructor(
    readonly context: BrowserContext,
    private readonly profile: string,
  ) {}

  static async start(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'adit-chromium-'));
    const options = { executablePath: '/usr/bin/chromium', headless: true, args: FLAGS };
    return new Browser(await chromium.launchPersistentContext(profile, options), profile);
  }

  async open(url: string): Promise<PlayerPage> {
    const page = await this.context.newPage();
    const player = new PlayerPage(page);
    await page.goto(url);
    return player;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }
}

export interface Playback {
  state: string;
  code: string;
  transport: string;
  status: string;
  /** Decoded so far by the video that is shown. */
  frames: number;
  dropped: number;
  delayMs: number | undefined;
  /** From the navigation to the first picture. */
  firstFrameMs: number | undefined;
  /** Seconds that are buffered. */
  buffered: number;
}

/** The page of one camera, as a person sees it. */
export class PlayerPage {
  /** What the page wrote to its console as errors. */
  readonly errors: string[] = [];
  readonly requested: { url: string; referer: string | undefined }[] = [];

  constructor(readonly page: Page) {
    page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()));
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('request', (request) => {
      this.requested.push({ url: request.url(), referer: request.headers()['referer'] });
    });
  }

  now(): Promise<Playback> {
    return this.page.evaluate(() => {
      const page = (globalThis as unknown as { document: PageDocument }).document;
      const video = page.querySelector('video:not([hidden])');
      const { dataset } = page.body;
      const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));
      const quality = video.getVideoPlaybackQuality();
      const { buffered } = video;
      return {
        state: dataset['state'] ?? '',
        code: dataset['code'] ?? '',
        transport: dataset['transport'] ?? '',
        status: page.getElementById('status').textContent,
        frames: quality.totalVideoFrames,
        dropped: quality.droppedVideoFrames,
        delayMs: number(dataset['delayMs']),
        firstFrameMs: number(dataset['firstFrameMs']),
        buffered: buffered.length === 0 ? 0 : buffered.end(buffered.length - 1) - buffered.start(0),
      };
    });
  }

  /** Waits until the page is as asked. @returns how it is then */
  async until(what: string, isSo: (playback: Playback) => boolean, limitMs = 15_000): Promise<Playback> {
    const deadline = Date.now() + limitMs;
    for (;;) {
      const playback = await this.now();
      if (isSo(playback)) return playback;
      if (Date.now() > deadline) throw new Error(`${what}: ${JSON.stringify(playback)} ${this.errors.join('; ')}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Frames decoded from now on. */
  async plays(frames: number, limitMs = 15_000): Promise<Playback> {
    const before = await this.now();
    const isSo = (now: Playback): boolean => now.state === 'live' && now.frames >= before.frames + frames;
    return this.until(`${frames} more frames`, isSo, limitMs);
  }
}

/** What the tests use of a page; the types of Node have no document. */
interface PageDocument {
  body: { dataset: Record<string, string> };
  getElementById(id: string): { textContent: string };
  querySelector(name: 'video:not([hidden])'): {
    getVideoPlaybackQuality(): { totalVideoFrames: number; droppedVideoFrames: number };
    buffered: { length: number; start(index: number): number; end(index: number): number };
  };
}
