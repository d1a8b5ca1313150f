import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ClipSource, Hub, LinkServer, LinkSource, parseClip, type AccessUnit } from '@app/media';

const clipFile = join(__dirname, '../../apps/demo-camera/clips/high.h264');
const tickMs = 10;

/** A TCP relay that passes only so many bytes a second from the far end to the near one. */
function startNarrowRelay(port: number, bytesPerSecond: number): Promise<{ server: Server; port: number }> {
  const server = createServer({ noDelay: true, highWaterMark: 4096 }, (near) => {
    const far = connect({ port, host: '127.0.0.1', noDelay: true });
    near.pipe(far);
    const timer = setInterval(() => passOn(far, near, (bytesPerSecond * tickMs) / 1000), tickMs);
    const end = (): void => {
      clearInterval(timer);
      near.destroy();
      far.destroy();
    };
    for (const socket of [near, far]) socket.on('close', end).on('error', end);
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ server, port: (server.address() as AddressInfo).port }));
  });
}

function passOn(from: Socket, to: Socket, bytes: number): void {
  const size = Math.min(Math.round(bytes), from.readableLength);
  // A read while nothing is buffered asks the kernel for more.
  const data = from.read(size > 0 ? size : undefined) as Buffer | null;
  if (data) to.write(data);
}

describe('a link over an uplink at 60 % of the stream', () => {
  it('keeps the delay under 1.5 s, and every gap ends at a keyframe', async () => {
    const clip = parseClip(readFileSync(clipFile));
    const site = new Hub(new ClipSource(clip, { name: 'clip', framesPerSecond: 25 }));
    const links = new LinkServer(() => Promise.resolve({ hub: site }));
    const listener = createServer({ noDelay: true }, (socket) => void links.handle(socket));
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const relay = await startNarrowRelay((listener.address() as AddressInfo).port, (1_050_000 / 8) * 0.6);
    const source = new LinkSource(() => {
      const socket = connect({ port: relay.port, host: '127.0.0.1', noDelay: true });
      return Promise.resolve({ socket, request: { path: '/', siteTicket: '', usage: 'live' } });
    });
    const units: { unit: AccessUnit; delayMs: number }[] = [];
    const cloud = new Hub(source);
    try {
      await cloud.describe();
      const finished = new Promise<void>((resolve) => {
        const unit = (next: AccessUnit): void => {
          units.push({ unit: next, delayMs: Date.now() - next.captureUs / 1000 });
          if (next.captureUs - units[0].unit.captureUs > 10e6) resolve();
        };
        cloud.subscribe({ unit, end: () => undefined });
      });
      await finished;
    } finally {
      await cloud.close();
      links.close();
      await site.close();
      relay.server.close();
      listener.close();
    }
    const afterGaps = units
      .slice(1)
      .filter(({ unit }, index) => (unit.timestamp - units[index].unit.timestamp) >>> 0 !== 3600);
    expect(afterGaps.length).toBeGreaterThan(0);
    expect(afterGaps.every(({ unit }) => unit.key)).toBe(true);
    expect(Math.max(...units.map(({ delayMs }) => delayMs))).toBeLessThan(1500);
  }, 40_000);
});
