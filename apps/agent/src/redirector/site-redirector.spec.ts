import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { ClipSource, LinkSource, parseClip, type AccessUnit, type MediaError, type Source } from '@app/media';
import { connectPinnedTls, createSiteCertificate, type SiteCertificate } from '@app/pki';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RecordingSource, SiteConnector } from '../site/site-connector.js';
import { SiteDirectory } from '../site/site-directory.js';
import { SiteRedirector, type OpenedStream } from './site-redirector.js';

const clip = parseClip(readFileSync(join(__dirname, '../../../demo-camera/clips/low.h264')));

const ACCOUNT = { name: 'cloud', credential: 'one' };

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await delay(5);
};

class ClipConnector implements SiteConnector {
  readonly name = 'clip';
  opened = 0;
  /** Of the camera's answer. */
  delay: Promise<unknown> = Promise.resolve();
  cameras = new Set(['a']);
  recordings: (remoteId: string) => RecordingSource | undefined = () => undefined;

  start(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  stream(remoteId: string, usage: OpenedStream['usage']): ReturnType<SiteConnector['stream']> {
    return this.cameras.has(remoteId) ? { key: remoteId, usage, open: () => this.#source() } : undefined;
  }

  holds(key: string): boolean {
    return this.cameras.has(key);
  }

  #source(): Source {
    return {
      open: async (listener) => {
        this.opened++;
        await this.delay;
        return new ClipSource(clip, { name: 'clip', framesPerSecond: 25 }).open(listener);
      },
    };
  }
}

describe('SiteRedirector', () => {
  let certificate: SiteCertificate;
  let connector: ClipConnector;
  let directory: SiteDirectory;
  let redirector: SiteRedirector;

  const ticket = (): OpenedStream => {
    const opened = redirector.open('a', 'live', ACCOUNT);
    if (opened === undefined || opened === 'full') throw new Error('no ticket');
    return opened;
  };

  const link = (opened: OpenedStream): LinkSource =>
    new LinkSource(async () => ({
      socket: await connectPinnedTls({
        host: '127.0.0.1',
        port: redirector.port,
        pin: certificate.pin,
        timeoutMs: 5_000,
      }),
      request: { path: opened.path, siteTicket: opened.siteTicket, usage: opened.usage },
    }));

  /** Opens the link and waits for one access unit. */
  const watch = async (opened: OpenedStream): Promise<{ ended: Promise<MediaError>; close: () => Promise<void> }> => {
    let seen: (unit: AccessUnit) => void = () => undefined;
    let end: (error: MediaError) => void = () => undefined;
    const first = new Promise<AccessUnit>((resolve) => (seen = resolve));
    const ended = new Promise<MediaError>((resolve) => (end = resolve));
    const listener = { unit: (unit: AccessUnit) => seen(unit), report: () => undefined, ended: end };
    const open = await link(opened).open(listener, AbortSignal.timeout(5_000));
    expect((await first).key).toBe(true);
    return { ended, close: () => open.close() };
  };

  beforeEach(async () => {
    certificate = await createSiteCertificate(new Date());
    connector = new ClipConnector();
    directory = new SiteDirectory();
    directory.upsert({ remoteId: 'a', kind: 'camera', name: 'a', state: 'online', stateReason: '', streams: [] });
    redirector = new SiteRedirector({ certificate, directory, connectors: [connector] });
    await redirector.start();
  });

  afterEach(async () => {
    await redirector.close();
    await redirector.close();
  });

  it('sends a camera to whoever brings its ticket, and pulls it once for all', async () => {
    const one = await watch(ticket());
    const two = await watch(ticket());
    expect(redirector.links).toBe(2);
    expect(connector.opened).toBe(1);
    await one.close();
    await two.close();
  });

  it('refuses a ticket that was used, and one for another path', async () => {
    const opened = ticket();
    const used = await watch(opened);
    await expect(watch(opened)).rejects.toMatchObject({ code: 'link-refused', remoteCode: 'ticket-invalid' });
    const other = watch({ ...ticket(), path: '/b/live' });
    await expect(other).rejects.toMatchObject({ code: 'link-refused', remoteCode: 'ticket-invalid' });
    await used.close();
  });

  it('opens nothing for a camera that is not there', () => {
    expect(redirector.open('b', 'live', ACCOUNT)).toBeUndefined();
  });

  it('ends the streams of a camera that was taken away', async () => {
    const { ended } = await watch(ticket());
    connector.cameras.clear();
    directory.remove('a');
    expect((await ended).code).toMatch(/^link-/);
  });

  it('ends what an account may not have any more: its streams, and tickets that nobody has brought yet', async () => {
    const kept = await watch(ticket());
    const { ended } = await watch(ticket());
    const unused = ticket();
    const { held } = redirector;
    const ofStream = { account: 'cloud', credential: 'one', right: 'live', entityId: 'a' };
    expect(held).toMatchObject([ofStream, ofStream, ofStream]);
    const [ofTicket, , second] = held;
    ofTicket?.end();
    second?.end();
    expect(await ended).toMatchObject({ code: 'link-refused', remoteCode: 'site-right-missing' });
    await expect(watch(unused)).rejects.toMatchObject({ remoteCode: 'ticket-invalid' });
    expect(redirector.links).toBe(1);
    expect(redirector.held).toHaveLength(1);
    second?.end();
    await kept.close();
    await until(() => redirector.held.length === 0);
  });

  it('ends a stream whose camera has not answered yet', async () => {
    connector.delay = new Promise(() => undefined);
    const watching = watch(ticket()).catch((error: unknown) => error);
    await until(() => redirector.links === 1 && connector.opened === 1);
    for (const holding of redirector.held) holding.end();
    expect(await watching).toMatchObject({ code: 'link-refused', remoteCode: 'site-right-missing' });
    await until(() => redirector.links === 0);
    expect(redirector.held).toEqual([]);
  });

  it('ends a replay as well, also one whose device has not answered yet', async () => {
    const isOpened = new Promise<AbortSignal>((resolve) => {
      const open = (_sink: unknown, signal: AbortSignal): Promise<never> => {
        resolve(signal);
        return once(signal, 'abort').then(() => Promise.reject(new Error('aborted')));
      };
      connector.recordings = () => ({ key: 'a', open, timeline: () => Promise.resolve([]) });
    });
    const opened = redirector.openPlayback('a', ACCOUNT);
    if (opened === undefined || opened === 'full') throw new Error('no ticket');
    const watching = watch(opened).catch((error: unknown) => error);
    const signal = await isOpened;
    expect(redirector.held).toMatchObject([{ right: 'playback', entityId: 'a' }]);
    for (const holding of redirector.held) holding.end();
    expect(await watching).toMatchObject({ code: 'link-refused', remoteCode: 'site-right-missing' });
    expect(signal.aborted).toBe(true);
    await until(() => redirector.held.length === 0 && redirector.links === 0);
  });

  it('shows the site key alone: another pin gets no byte', async () => {
    const other = await createSiteCertificate(new Date());
    const dialled = connectPinnedTls({ host: '127.0.0.1', port: redirector.port, pin: other.pin, timeoutMs: 5_000 });
    await expect(dialled).rejects.toMatchObject({ code: 'tls-pin-mismatch' });
  });

  it('listens on the LAN only when told to', async () => {
    expect(redirector.lanAddress).toBe('');
    const regular = new SiteRedirector({ certificate, directory, connectors: [], lan: { host: '127.0.0.1', port: 0 } });
    await regular.start();
    const port = Number(regular.lanAddress.split(':')[1]);
    const socket = await connectPinnedTls({ host: '127.0.0.1', port, pin: certificate.pin, timeoutMs: 5_000 });
    await regular.close();
    await once(socket.resume(), 'close');
    expect(port).not.toBe(regular.port);
  });
});
