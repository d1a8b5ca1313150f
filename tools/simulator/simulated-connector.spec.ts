import { SiteDirectory } from '../../apps/agent/src/site/index.js';
import type { SiteConnector, SiteEvent } from '../../apps/agent/src/site/index.js';
import { SimulatedConnector } from './simulated-connector.mjs';

describe('the connector of a simulated site', () => {
  let directory: SiteDirectory;
  let connector: SimulatedConnector;
  let events: SiteEvent[];
  const never = new AbortController().signal;

  beforeEach(async () => {
    directory = new SiteDirectory();
    events = [];
    connector = new SimulatedConnector(150);
    await (connector as SiteConnector).start(directory, { event: (event) => events.push(event) });
  });

  it('puts all its entities into the directory', () => {
    expect(directory.entities).toHaveLength(150);
  });

  it('turns the state of a named entity over and back', () => {
    expect(connector.changeState('door-001')).toEqual({ remoteId: 'door-001', state: 'offline' });
    expect(directory.find('door-001')).toMatchObject({
      state: 'offline',
      stateReason: expect.stringMatching(/^device-unreachable/),
    });
    connector.changeState('door-001');
    expect(directory.find('door-001')).toMatchObject({ state: 'online', stateReason: '' });
    expect(connector.changeState('door-999')).toBeUndefined();
  });

  it('lets something happen to every entity in turns, with other events in the next round', () => {
    for (let index = 0; index < 2 * connector.sources.length; index++) connector.emitEvent();
    const types = events.filter(({ sourceId }) => sourceId === 'door-001').map(({ type }) => type);
    expect(types).toEqual(['door.opened', 'door.closed']);
    expect(new Set(events.map(({ sourceId }) => sourceId)).size).toBe(connector.sources.length);
  });

  it('obeys what an entity can do, and says what it cannot', async () => {
    const execute = (remoteId: string, command: Parameters<NonNullable<SiteConnector['execute']>>[1]): unknown =>
      (connector as SiteConnector).execute?.(remoteId, command, never);
    expect(await execute('output-001', { kind: 'set-output', active: true })).toEqual({ outcome: 'done' });
    expect(directory.find('output-001')?.properties).toEqual({ active: true });
    expect(await execute('camera-001', { kind: 'ptz-move', pan: 1, tilt: 0, zoom: 0 })).toEqual({ outcome: 'done' });
    expect(await execute('camera-002', { kind: 'ptz-home' })).toMatchObject({ outcome: 'unsupported' });
    expect(await execute('door-001', { kind: 'set-output', active: true })).toMatchObject({ outcome: 'unsupported' });
    expect(execute('nothing', { kind: 'ptz-home' })).toBeUndefined();
  });

  it('is silent after its end', async () => {
    await connector.close();
    connector.emitEvent();
    connector.changeState('door-001');
    expect(events).toEqual([]);
    expect(directory.find('door-001')?.state).toBe('online');
  });

  it('has nothing to do with no entities', async () => {
    const empty = new SimulatedConnector(0);
    await empty.start(directory, { event: (event) => events.push(event) });
    empty.emitEvent();
    expect(empty.changeState()).toBeUndefined();
    expect(events).toEqual([]);
  });
});
