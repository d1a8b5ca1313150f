import { createServer } from 'node:net';
import { freePort, freePorts, isPortFree } from './port.mjs';

describe('free ports', () => {
  it('are different, however many', async () => {
    const ports = await freePorts(300);
    expect(new Set(ports).size).toBe(300);
  });

  it('are those on which nothing listens', async () => {
    const port = await freePort();
    expect(await isPortFree(port)).toBe(true);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await isPortFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
  });
});
