import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import type { Site } from '../harness/site.js';

interface Seen {
  pid: number;
  tunnel: { state: string };
  troubles: { code: string }[];
}

const stateOf = (site: Site): Seen => JSON.parse(readFileSync(join(site.stateDir, 'status.json'), 'utf8')) as Seen;

const APPS = ['admin-api', 'keyfile-issuer', 'tunnel-broker'] as const;

describe('one machine that serves two federation hosts', () => {
  it('runs an agent per state directory, and revoking one identity leaves the other tunnel up', async () => {
    await using first = await Platform.start({ apps: APPS });
    await using second = await Platform.start({ apps: APPS });
    await using one = await first.createSite('One house');
    await using other = await second.createSite('One house');
    await one.run();
    await other.run();
    const before = stateOf(other);
    const rest = await first.signIn();
    const [keyfile] = await rest.list<{ keyfileId: string }>(`/sites/${one.record.id}/keyfiles`);
    await rest.call('POST', `/keyfiles/${keyfile?.keyfileId}/revoke`, { reason: 'the contract ended' });
    await waitUntil('the revoked tunnel is down', () => Promise.resolve(stateOf(one).tunnel.state !== 'up'));
    const sessions = await second.query<{ open: number }>(
      'SELECT count(*)::int AS open FROM tunnel_session WHERE closed_at IS NULL',
    );
    expect(sessions).toEqual([{ open: 1 }]);
    expect(stateOf(other)).toMatchObject({ pid: before.pid, tunnel: { state: 'up' }, troubles: [] });
  }, 120_000);
});
