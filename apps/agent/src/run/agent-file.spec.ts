import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readAgentFile } from './agent-file.js';
import { allowedServices } from './allowed-services.js';

describe('agent.yaml', () => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-file-'));
  const path = join(dir, 'agent.yaml');

  afterAll(() => rmSync(dir, { recursive: true }));

  const read = (text: string): ReturnType<typeof readAgentFile> => {
    writeFileSync(path, text);
    return readAgentFile(path, true);
  };

  it('adds services and addresses', async () => {
    const file = await read('directoryListen: 192.0.2.5:5500\nservices:\n  intercom: { address: "192.0.2.9:443" }\n');
    expect(file).toMatchObject({ directoryListen: '192.0.2.5:5500' });
    const list = allowedServices({ directory: { port: 1 }, redirector: { port: 2 } }, file.services);
    expect(list.judge('intercom', 'bulk')).toMatchObject({ target: { host: '192.0.2.9', port: 443 } });
    expect(list.judge('intercom', 'live')).toEqual({ refuse: 'not-allowed' });
    expect(list.judge('directory', 'control')).toMatchObject({ target: { host: '127.0.0.1', port: 1 } });
  });

  it('cannot give the directory or the redirector another target', async () => {
    const { services } = await read('services: { directory: { address: "192.0.2.9:554" } }');
    expect(() => allowedServices({ directory: { port: 1 }, redirector: { port: 2 } }, services)).toThrow(/twice/);
  });

  it.each([
    ['service: {}', 'service'],
    ['services: { "Not a name": { address: "a:1" } }', 'Not a name'],
    ['services: { x: { address: nowhere } }', 'services.x.address'],
    ['directoryListen: 5500', 'directoryListen'],
    ['services: [', 'not YAML'],
  ])('names what is wrong in %s', async (text, told) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(told) as string,
    });
  });

  it('may be missing unless it was asked for', async () => {
    const none = join(dir, 'none.yaml');
    expect(await readAgentFile(none, false)).toEqual({ services: {} });
    await expect(readAgentFile(none, true)).rejects.toMatchObject({ code: 'configuration' });
  });
});
