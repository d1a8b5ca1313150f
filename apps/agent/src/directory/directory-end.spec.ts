import { once } from 'node:events';
import { createConnection } from 'node:net';
import { createSiteCertificate } from '@app/pki';
import { CommandDispatcher } from '../commands/index.js';
import { SiteDirectory } from '../site/site-directory.js';
import { DirectoryServer } from './directory-server.js';

describe('the end of a directory', () => {
  it('comes at once while somebody is in the middle of a handshake', async () => {
    const site = new SiteDirectory();
    const server = new DirectoryServer({
      certificate: await createSiteCertificate(new Date()),
      users: { verify: () => Promise.resolve(undefined), find: () => Promise.resolve(undefined) },
      siteName: () => 'Ending site',
      version: '0.1.0',
      site,
      redirector: {
        held: [],
        lanAddress: '',
        open: () => undefined,
        openPlayback: () => undefined,
        recordings: () => undefined,
      },
      snapshots: () => undefined,
      commands: new CommandDispatcher({ site, connectors: [], record: () => undefined }),
    });
    await server.start();
    const socket = createConnection(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.resume().write(Buffer.from([22, 3, 1]));
    const over = new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    await server.close();
    await over;
    expect(server.port).toBe(0);
  }, 5_000);
});
