import { newStats, type ViewerGrant, type ViewerInfo } from '@app/media';
import { randomUUID } from 'node:crypto';
import { RunningStreams } from './running-streams.js';

const TENANT = randomUUID();

describe('running streams', () => {
  const viewer = (grant: Partial<ViewerGrant> | undefined): ViewerInfo => ({
    id: 'x',
    path: '/hamburg/gate/live',
    remoteAddress: '192.0.2.1',
    userAgent: undefined,
    transport: 'tcp',
    encrypted: false,
    reason: 'best-available',
    fallbackFrom: undefined,
    kind: 'live',
    grant: grant && {
      tenantId: TENANT,
      user: 'operator:jana',
      level: 1,
      ticketId: undefined,
      siteId: 'site',
      cameraId: 'camera',
      site: 'hamburg',
      camera: 'gate',
      usage: 'live',
      ...grant,
    },
    stats: newStats(),
    end: () => undefined,
  });

  it('are chosen by everything that is given, within one tenant', () => {
    const running = new RunningStreams();
    const [own, program, other] = [
      {},
      { user: 'operator:jana/api-token:7' },
      { user: 'operator:jana2', cameraId: 'yard' },
    ];
    for (const grant of [own, program, other, { tenantId: randomUUID() }, undefined]) running.add(viewer(grant));
    const count = (choice: Parameters<RunningStreams['chosen']>[1]): number => running.chosen(TENANT, choice).length;
    expect([count({}), count({ siteId: 'site' }), count({ siteId: 'none' })]).toEqual([3, 3, 0]);
    expect([count({ user: 'operator:jana' }), count({ user: 'operator:jana2' })]).toEqual([2, 1]);
    expect(count({ user: 'operator:jana', cameraId: 'yard' })).toBe(0);
    const [first] = running.chosen(TENANT, {});
    expect(running.chosen(TENANT, { streamId: first?.id })).toEqual([first]);
    expect(running.chosen(randomUUID(), { streamId: first?.id })).toEqual([]);
  });

  it('tell once of their end, under an id of their own', () => {
    const running = new RunningStreams();
    const told: string[] = [];
    running.onStopped(({ id }) => told.push(id));
    const one = viewer({});
    running.add(one);
    const [{ id } = { id: '' }] = [...running.all()];
    running.remove(one);
    running.remove(one);
    expect(told).toEqual([id]);
    expect(id).not.toBe(one.id);
  });
});
