import { join } from 'node:path';
import { AgentProcess } from '../harness/agent-process.js';
import { waitUntil } from '../harness/condition.js';
import { watchEvents, type WatchedEvent } from '../harness/event-site.js';
import { sitePin } from '../harness/site-pin.js';
import { TunnelCloud } from '../harness/tunnel-cloud.js';

interface Kept {
  count: number;
  events: { sequence: number; type: string; details?: Record<string, unknown> }[];
}

interface Seen {
  services: { directory: string };
  events: { count: number; oldestAt: string | null; unstored: number; fault: string | null };
}

describe('the events of a real agent', () => {
  let cloud: TunnelCloud;
  let agent: AgentProcess;

  beforeAll(async () => {
    cloud = await TunnelCloud.start();
    const { text } = await cloud.newKeyfile(await cloud.newSite());
    agent = new AgentProcess({ stateDir: join(cloud.platform.dataDir, 'agent-events'), keyfile: text });
    await agent.start();
  }, 90_000);

  afterAll(async () => {
    await agent?.stop();
    await cloud?.stop();
  }, 30_000);

  const kept = async (): Promise<Kept> => JSON.parse(await agent.command('events', '--last', '100', '--json')) as Kept;
  const status = async (): Promise<Seen> => JSON.parse(await agent.command('status', '--json')) as Seen;

  it('tell of its starts, its deaths and its tunnel, to people and to hosts', async () => {
    const count = (type: string, { events }: Kept): number => events.filter((event) => event.type === type).length;
    await waitUntil('the tunnel is told', async () => count('tunnel.up', await kept()) === 1);
    await agent.kill().back;
    await waitUntil('the tunnel is told again', async () => count('tunnel.up', await kept()) === 2);
    const { events } = await kept();
    const types = ['agent.started', 'tunnel.up', 'agent.stopped-unexpectedly', 'agent.started', 'tunnel.up'];
    expect(events.map(({ type }) => type)).toEqual(types);
    expect(events.at(-1)?.details).toMatchObject({ downForMs: expect.any(Number) as number });
    expect(await agent.command('events')).toMatch(/agent\.stopped-unexpectedly .*lastSeenAt/);

    const { password } = JSON.parse(await agent.command('user', 'add', 'host', '--allow', 'events', '--json')) as {
      password: string;
    };
    await waitUntil('the status tells it', async () => (await status()).events.count === types.length);
    const seen = await status();
    expect(seen.events).toMatchObject({ unstored: 0, fault: null, oldestAt: expect.any(String) as string });
    expect(await agent.command('status')).toMatch(/^Events\s+5 kept \(/m);
    const port = Number(seen.services.directory.split(':').at(-1));
    const watched: WatchedEvent[] = [];
    const at = { port, pin: sitePin(agent.stateDir), account: 'host', password };
    await watchEvents(at, (event) => watched.push(event) >= types.length);
    expect(watched.map(({ sequence }) => Number(sequence))).toEqual(events.map(({ sequence }) => sequence));
  }, 60_000);

  it('tell of an end in order', async () => {
    await agent.stop();
    const { events } = await kept();
    expect(events.slice(5).map(({ type }) => type)).toEqual(expect.arrayContaining(['tunnel.down', 'agent.stopped']));
    expect(events.at(-1)?.type).toBe('agent.stopped');
    expect(JSON.parse(await agent.command('events', '--last', '1', '--json'))).toMatchObject({ count: 7 });
  }, 30_000);
});
