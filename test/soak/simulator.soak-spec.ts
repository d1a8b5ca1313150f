import { existsSync } from 'node:fs';
import { Platform } from '../harness/platform.js';
import { Simulation } from '../harness/simulation.js';
import { waitUntil } from '../harness/condition.js';

const SITES = 3;
const ENTITIES = 40;
const FLAGS = ['--sites', String(SITES), '--entities', String(ENTITIES), '--processes', '2'];

describe('simulated sites', () => {
  let platform: Platform;

  const count = async (text: string): Promise<number> => {
    const [row] = await platform.query<{ count: number }>(`SELECT count(*)::integer AS count FROM ${text}`);
    return row?.count ?? 0;
  };
  const isGone = (pid: number): boolean => !existsSync(`/proc/${pid}`);

  beforeAll(async () => {
    platform = await Platform.start({ apps: ['keyfile-issuer', 'tunnel-broker', 'admin-api', 'federation'] });
  }, 90_000);

  afterAll(async () => {
    await platform?.stop();
  }, 30_000);

  it('enrol with keyfiles, connect through the broker and are federated with all their entities', async () => {
    await using simulation = Simulation.start(platform, [...FLAGS, '--events', '100/s', '--changes', '20/s']);
    await simulation.full();
    expect(await count('entity')).toBe(SITES * ENTITIES);
    expect(await count("agent WHERE state = 'active'")).toBe(SITES);
    expect(await count('tunnel_session WHERE closed_at IS NULL')).toBe(SITES);
    await waitUntil('events are told of', () => /[1-9]\d* events/.test(simulation.output));
    await waitUntil('changes reach the host', async () => (await count("entity WHERE state = 'offline'")) > 0);
    const rest = await platform.signIn();
    const cameras = await rest.list<{ streams: object[] }>('/cameras');
    expect(cameras.length).toBeGreaterThan(SITES * 10);
    expect(cameras.every(({ streams }) => streams.length === 2)).toBe(true);
  }, 90_000);

  it('come back at the next run with the identities they have, and end in order', async () => {
    const enrolled = await count('agent');
    await using simulation = Simulation.start(platform, FLAGS);
    await simulation.full();
    expect(await count('agent')).toBe(enrolled);
    const { children } = simulation;
    expect(children).toHaveLength(2);
    expect(await simulation.end('SIGINT')).toBe(0);
    expect(children.every(isGone)).toBe(true);
    await waitUntil('no session is left', async () => (await count('tunnel_session WHERE closed_at IS NULL')) === 0);
  }, 90_000);

  it('are gone with the program that was killed', async () => {
    await using simulation = Simulation.start(platform, FLAGS);
    await simulation.full();
    const { children } = simulation;
    await simulation.end('SIGKILL');
    await waitUntil('its processes are gone', () => children.every(isGone));
  }, 90_000);

  it('are refused with the flag that is wrong', async () => {
    await using simulation = Simulation.start(platform, ['--sites', 'many']);
    await waitUntil('it has ended', () => simulation.child.exitCode !== null);
    expect(simulation.child.exitCode).toBe(78);
    expect(simulation.output).toMatch(/^simulate: config-invalid: --sites: "many"/);
  });
});
