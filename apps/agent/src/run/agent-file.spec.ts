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
    ['uplink: 10 Mbit/s', 'uplink: '],
    ['uplink: { limit: 10 }', 'uplink.limit: expected a rate with its unit, such as "10 Mbit/s"'],
    ['uplink: { limit: 10 MB/s }', 'uplink.limit: expected a rate with its unit'],
    ['uplink: { limit: 64 kbit/s }', 'uplink.limit: expected at least 128 kbit/s, not 64 kbit/s'],
    ['uplink: { speed: 1 Mbit/s }', 'uplink: Unrecognized key: "speed"'],
    ['uplink: { schedule: [{ from: "08:00" }] }', 'uplink.schedule.0.limit: expected a rate'],
    ['uplink: { schedule: [{ days: [mo], limit: 1 Mbit/s }] }', 'uplink.schedule.0.days.0: expected a day'],
    ['uplink: { schedule: [{ days: [], limit: 1 Mbit/s }] }', 'uplink.schedule.0.days: '],
    ['uplink: { schedule: [{ from: "8:00", limit: 1 Mbit/s }] }', 'uplink.schedule.0.from: expected a time of day'],
    ['uplink: { schedule: [{ to: "24:01", limit: 1 Mbit/s }] }', 'uplink.schedule.0.to: expected a time of day'],
    [
      'uplink: { schedule: [{ from: "09:00", to: "09:00", limit: 1 Mbit/s }] }',
      'uplink.schedule.0.to: expected another',
    ],
    ['services: [', 'not YAML'],
  ])('names what is wrong in %s', async (text, told) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining(told) as string,
    });
  });

  it('may be missing unless it was asked for', async () => {
    const none = join(dir, 'none.yaml');
    expect(await readAgentFile(none, false)).toEqual({
      services: {},
      uplink: {
        limit: Number.POSITIVE_INFINITY,
        schedule: [],
        live: { bitsPerSecond: Number.POSITIVE_INFINITY },
        playback: { bitsPerSecond: Number.POSITIVE_INFINITY },
        adaptive: ['automatic'],
      },
    });
    await expect(readAgentFile(none, true)).rejects.toMatchObject({ code: 'configuration' });
  });
});
