import type { Tunnel } from '../api/shapes.js';
import { changesBetween } from './watch.commands.js';

const tunnel = (
  siteId: string,
  state: string,
  sessionId = `${siteId}-1`,
  closeReason: string | null = null,
): Tunnel => ({
  siteId,
  siteLabel: siteId,
  sessionId,
  state,
  since: '2026-11-25T12:00:00Z',
  remoteAddress: '192.0.2.1',
  agentVersion: '0.1.0',
  rttMs: null,
  closeReason,
});
const look = (...tunnels: Tunnel[]): Map<string, Tunnel> => new Map(tunnels.map((each) => [each.siteId, each]));
const changes = (before: Map<string, Tunnel>, after: Map<string, Tunnel>): unknown[] =>
  changesBetween(before, after, 'now').map(({ siteLabel, from, to, reason }) => [siteLabel, from, to, reason]);

describe('between two looks at the tunnels', () => {
  it('nothing has changed when nothing has', () => {
    expect(changes(look(tunnel('a', 'up')), look(tunnel('a', 'up')))).toEqual([]);
  });

  it('a tunnel came, went with its reason, and came back within one look', () => {
    const before = look(tunnel('a', 'up'), tunnel('b', 'up'), tunnel('c', 'down'));
    const after = look(tunnel('a', 'down', 'a-1', 'peer-lost'), tunnel('b', 'up', 'b-2'), tunnel('c', 'up', 'c-2'));
    expect(changes(before, after)).toEqual([
      ['a', 'up', 'down', 'peer-lost'],
      ['b', 'up', 'up', null],
      ['c', 'down', 'up', null],
    ]);
  });

  it('a site is new, and one is gone', () => {
    expect(changes(look(tunnel('a', 'up')), look(tunnel('b', 'up')))).toEqual([
      ['b', null, 'up', null],
      ['a', 'up', null, null],
    ]);
  });
});
