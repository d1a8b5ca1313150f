import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { canMakeWanNetworks, createWanNetwork, type WanNetwork } from '../harness/wan-link.js';

const run = promisify(execFile);

(canMakeWanNetworks() ? describe : describe.skip)("a site's network with its line in it", () => {
  let network: WanNetwork;
  let web: Server;

  beforeAll(async () => {
    network = createWanNetwork();
    web = createServer((_request, response) => response.end(Buffer.alloc(200_000))).listen(0, network.gateway);
    await once(web, 'listening');
  }, 30_000);

  afterAll(async () => {
    web?.close();
    await network?.remove();
  });

  it('has small kernel buffers', () => {
    for (const name of ['tcp_rmem', 'tcp_wmem']) {
      expect(network.run('cat', `/proc/sys/net/ipv4/${name}`).trim().split('\t').at(-1)).toBe('65536');
    }
  });

  it('delays and slows what passes, and can be cut while it runs', async () => {
    const line = await network.startLine((web.address() as AddressInfo).port, ['--delay', '20', '--down-rate', '8']);
    const [program = '', ...through] = network.through;
    const curl = (limit: string): Promise<{ stdout: string }> =>
      run(program, [
        ...through,
        ...`curl -s -o /dev/null -m ${limit} -w %{time_total} http://127.0.0.1:${line.port}/`.split(' '),
      ]);
    const seconds = Number((await curl('10')).stdout);
    expect(seconds).toBeGreaterThan(0.26);
    expect(seconds).toBeLessThan(1.5);
    line.happen('blackhole');
    await expect(curl('1')).rejects.toMatchObject({ code: 28 });
    line.happen('heal');
    expect(Number((await curl('10')).stdout)).toBeGreaterThan(0.26);
  }, 30_000);
});
