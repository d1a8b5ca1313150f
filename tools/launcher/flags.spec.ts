import { createServer } from 'node:net';
import { HELP, parseFlags } from './flags.mjs';
import { claimPorts } from './ports.mjs';
import { freePort } from './port.mjs';

describe('the flags of npm start', () => {
  it('have the ports of the documentation when nothing is said', () => {
    expect(parseFlags([])).toEqual({
      help: false,
      demo: true,
      databaseOnly: false,
      publicHost: undefined,
      ports: { http: 8080, rtsp: 8554, tunnel: 5500, ingress: 5580 },
    });
  });

  it('are all in the help', () => {
    const own = ['no-demo', 'database-only', 'public-host', 'help'];
    for (const flag of [...own, 'http-port', 'rtsp-port', 'tunnel-port', 'ingress-port']) {
      expect(HELP).toContain(`--${flag}`);
    }
  });

  it.each([
    [['--http-port', '0'], '--http-port'],
    [['--rtsp-port', '65536'], '--rtsp-port'],
    [['--tunnel-port', '5500x'], '--tunnel-port'],
    [['--http-port', '8554'], 'the same port'],
    [['--public-host', 'a b'], '--public-host'],
    [['--unknown'], '--unknown'],
    [['word'], 'word'],
  ])('refuse %j and name what is wrong', (args, named) => {
    expect(() => parseFlags(args)).toThrow(named);
  });

  it('name the flag that changes a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const free = { http: await freePort(), rtsp: await freePort(), ingress: await freePort() };
    const flags = {
      help: false,
      demo: true,
      databaseOnly: false,
      publicHost: undefined,
      ports: { ...free, tunnel: port },
    };
    await expect(claimPorts(flags)).rejects.toMatchObject({
      code: 'port-in-use',
      exitStatus: 75,
      message: expect.stringMatching(new RegExp(`port ${port} .*--tunnel-port`)),
    });
    await new Promise((resolve) => other.close(resolve));
  });
});
