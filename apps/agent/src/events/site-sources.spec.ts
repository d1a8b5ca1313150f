import { EventEmitter } from 'node:events';
import type { SiteEntity } from '../site/entity.js';
import { SiteDirectory } from '../site/site-directory.js';
import type { SiteEvent } from '../site/site-event.js';
import type { TunnelClient } from '../tunnel/tunnel.client.js';
import { followEntities } from './entity-events.js';
import { followTunnel } from './tunnel-events.js';

const camera = (state: SiteEntity['state'], stateReason = ''): SiteEntity => ({
  remoteId: 'gate',
  kind: 'camera',
  name: 'Gate',
  state,
  stateReason,
  streams: [],
});

describe('events of the site itself', () => {
  let events: SiteEvent[];
  const sink = { event: (event: SiteEvent): void => void events.push(event) };

  beforeEach(() => (events = []));

  it('tell of a camera that goes and comes back, with the reason', () => {
    const site = new SiteDirectory();
    followEntities(site, sink);
    for (const entity of [camera('unknown'), camera('online'), camera('offline', 'camera-silent'), camera('online')])
      site.upsert(entity);
    expect(events).toMatchObject([
      { type: 'camera.offline', sourceId: 'gate', details: { name: 'Gate', reason: 'camera-silent' } },
      { type: 'camera.online', sourceId: 'gate', details: { name: 'Gate' } },
    ]);
  });

  it('do not tell of what is only discovered, renamed, or found again', () => {
    const site = new SiteDirectory();
    site.upsert({ ...camera('online'), remoteId: 'before' });
    const end = followEntities(site, sink);
    site.upsert(camera('offline', 'camera-silent'));
    site.upsert(camera('offline', 'camera-refused'));
    site.remove('gate');
    site.upsert(camera('online'));
    site.upsert({ ...camera('online'), name: 'Front gate' });
    expect(events).toEqual([]);
    site.upsert({ ...camera('offline'), remoteId: 'before' });
    end();
    site.upsert(camera('offline'));
    expect(events.map(({ sourceId }) => sourceId)).toEqual(['before']);
  });

  it('see through a time in which the state is unknown', () => {
    const site = new SiteDirectory();
    followEntities(site, sink);
    for (const state of ['online', 'unknown', 'online', 'unknown', 'offline'] as const) site.upsert(camera(state));
    expect(events.map(({ type }) => type)).toEqual(['camera.offline']);
  });

  it('tell of the tunnel once each way, with how long it was down and up', () => {
    const tunnel = new EventEmitter() as TunnelClient;
    followTunnel(tunnel, sink);
    const up = { endpoint: { host: 'broker.example', port: 5500, priority: 0 } };
    const trouble = { code: 'connection-refused', message: '' };
    tunnel.emit('waiting', 1_000, trouble);
    tunnel.emit('up', up as never);
    tunnel.emit('moving', trouble);
    tunnel.emit('up', up as never);
    tunnel.emit('down', trouble);
    tunnel.emit('down', trouble);
    expect(events.map(({ type }) => type)).toEqual(['tunnel.up', 'tunnel.down']);
    expect(events[0]?.details).toEqual({ broker: 'broker.example:5500', downForMs: expect.any(Number) as number });
    expect(events[1]?.details).toEqual({ code: 'connection-refused', upForMs: expect.any(Number) as number });
  });
});
