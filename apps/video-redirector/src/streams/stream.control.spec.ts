import { DomainError, type EndStreamsRequest } from '@app/contracts';
import { newStats, type ViewerInfo } from '@app/media';
import type { Database, RunningStreamRepository } from '@app/persistence';
import { createLogger } from '@app/runtime';
import { randomUUID } from 'node:crypto';
import { EndedTickets } from './ended-tickets.js';
import { RunningStreams } from './running-streams.js';
import { StreamControl } from './stream.control.js';
import type { StreamResolver } from './stream.resolver.js';

const TENANT = randomUUID();
const ORDER: EndStreamsRequest = { tenantId: TENANT, actor: 'operator:anna', correlationId: 'test' };

describe('an operator who ends streams', () => {
  let isAway: boolean;
  let happened: string[];
  let running: RunningStreams;
  let endedTickets: EndedTickets;
  let control: StreamControl;

  const audit = (_tenant: string, { action }: { action: string }): Promise<void> => {
    happened.push(action);
    return Promise.resolve();
  };
  const database = {
    inTenant: async <T>(_tenant: string, work: (tx: never) => Promise<T>): Promise<T> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (isAway) throw new DomainError('unavailable', 'away');
      return work({ audit } as never);
    },
  } as unknown as Database;
  const rows = { remove: () => Promise.resolve([]) } as unknown as RunningStreamRepository;

  const watch = (ticketId: string): void => {
    const grant = { tenantId: TENANT, user: 'operator:jana', level: 1, ticketId, siteId: 's', cameraId: 'c' };
    const viewer: ViewerInfo = {
      id: ticketId,
      path: '/hamburg/gate/live',
      remoteAddress: '192.0.2.1',
      userAgent: undefined,
      transport: 'tcp',
      encrypted: false,
      reason: 'best-available',
      fallbackFrom: undefined,
      kind: 'live',
      grant: { ...grant, site: 'hamburg', camera: 'gate', usage: 'live' },
      stats: newStats(),
      end: (code) => {
        happened.push(`${code} ${endedTickets.has(ticketId) ? 'held' : 'free'}`);
        running.remove(viewer);
      },
    };
    running.add(viewer);
  };

  beforeEach(() => {
    [isAway, happened] = [false, []];
    running = new RunningStreams();
    endedTickets = new EndedTickets();
    const streams = { endedTickets } as StreamResolver;
    control = new StreamControl(database, rows, running, streams, createLogger('test', 'silent'));
  });

  it('has it on record before it happens, and who comes back at once is held off by then', async () => {
    watch('a');
    expect(await control.end(ORDER)).toEqual({ ended: 1 });
    expect(happened).toEqual(['stream.ended', 'ended-by-operator held']);
    expect(await control.end(ORDER)).toEqual({ ended: 0 });
  });

  it('ends nothing without the database, and everything when it is back', async () => {
    watch('a');
    isAway = true;
    await expect(control.end(ORDER)).rejects.toMatchObject({ code: 'unavailable' });
    expect([happened, endedTickets.has('a')]).toEqual([[], false]);
    isAway = false;
    expect(await control.end(ORDER)).toEqual({ ended: 1 });
  });

  it('ends each once, of several who do so at once', async () => {
    for (const ticket of ['a', 'b', 'c']) watch(ticket);
    const [one = { id: '' }] = [...running.all()];
    const orders = [control.end({ ...ORDER, streamId: one.id }), control.end(ORDER), control.end(ORDER)];
    expect(await Promise.all(orders)).toEqual([{ ended: 1 }, { ended: 2 }, { ended: 0 }]);
    expect(happened.filter((what) => what === 'stream.ended')).toHaveLength(3);
  });

  it('ends nothing of another tenant', async () => {
    watch('a');
    expect(await control.end({ ...ORDER, tenantId: randomUUID() })).toEqual({ ended: 0 });
    expect(happened).toEqual([]);
  });
});
