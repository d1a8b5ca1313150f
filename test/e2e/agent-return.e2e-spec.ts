import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { HttpClient } from './http-client.js';
import { AgentProcess } from '../harness/agent-process.js';
import { waitUntil } from '../harness/condition.js';
import { Platform } from '../harness/platform.js';
import type { Rest } from '../../tools/demo/rest.mjs';

interface AgentView {
  agentId: string;
  state: string;
  lockReason: string | null;
  clockSkewMs: number | null;
  certificate: { serial: string; expired: boolean } | null;
}
interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

let platform: Platform;
let rest: Rest;
let http: HttpClient;
const agents: AgentProcess[] = [];

beforeAll(async () => {
  platform = await Platform.start({ apps: ['keyfile-issuer', 'tunnel-broker', 'federation', 'admin-api'] });
  rest = await platform.signIn();
  const password = readFileSync(join(platform.dataDir, 'first-password'), 'utf8').trim();
  http = await new HttpClient(platform.api).signIn('admin', password);
}, 90_000);

afterAll(async () => {
  await Promise.all(agents.map((agent) => agent.stop()));
  await platform?.stop();
}, 30_000);

const enrolledSite = async (name: string): Promise<{ agent: AgentProcess; view: AgentView; siteId: string }> => {
  const site = await rest.createSite(name);
  const { content } = await rest.issueKeyfile(site.id);
  const agent = new AgentProcess({ stateDir: join(platform.dataDir, name), keyfile: content });
  agents.push(agent);
  await agent.start();
  const [view] = (await get<Page<AgentView>>(`/agents?siteId=${site.id}`)).items;
  if (view === undefined) throw new Error('no agent');
  return { agent, view, siteId: site.id };
};

const get = <T>(path: string): Promise<T> => rest.call('GET', path) as Promise<T>;
const stateOf = (agentId: string): Promise<AgentView> => get<AgentView>(`/agents/${agentId}`);
const openSessions = async (agentId: string): Promise<number> => {
  const sql = 'SELECT count(*)::int AS rows FROM tunnel_session WHERE agent_id = $1 AND closed_at IS NULL';
  return (await platform.query<{ rows: number }>(sql, [agentId]))[0]?.rows ?? 0;
};
const renewed = async (agent: AgentProcess): Promise<void> => {
  const before = agent.serial;
  agent.askToRenew();
  await waitUntil('it is renewed', () => agent.serial !== before);
};

describe('an agent by REST', () => {
  it('is listed, locked, unlocked and revoked; each cuts or keeps its tunnel', async () => {
    const { view, siteId } = await enrolledSite('one');
    const { agentId } = view;
    expect(view).toMatchObject({ state: 'active', certificate: { expired: false }, clockSkewMs: expect.any(Number) });
    expect((await get<Page<AgentView>>(`/agents?siteId=${siteId}&state=locked`)).items).toEqual([]);
    expect(await rest.call('POST', `/agents/${agentId}/lock`, { reason: 'a drill' })).toMatchObject({
      state: 'locked',
      lockReason: 'a drill',
    });
    await waitUntil('its tunnel is cut', async () => (await openSessions(agentId)) === 0);
    const [last] = await platform.query<{ close_reason: string }>(
      'SELECT close_reason FROM tunnel_session WHERE agent_id = $1 ORDER BY epoch DESC LIMIT 1',
      [agentId],
    );
    expect(last?.close_reason).toBe('agent-locked');
    expect((await get<Page<AgentView>>(`/agents?siteId=${siteId}&state=locked`)).items).toHaveLength(1);
    expect(await rest.call('POST', `/agents/${agentId}/unlock`, {})).toMatchObject({ state: 'active' });
    expect(await rest.call('POST', `/agents/${agentId}/revoke`, {})).toMatchObject({
      state: 'revoked',
      certificate: null,
    });
    const certificates = await get<Page<{ state: string; generation: number }>>(`/agents/${agentId}/certificates`);
    expect(certificates).toMatchObject({ items: [{ generation: 1, state: 'revoked' }], nextCursor: null });
    for (const what of ['lock', 'unlock', 'approve-return']) {
      const { status, body } = await http.ask('POST', `/api/v1/agents/${agentId}/${what}`, {});
      expect([what, status, body['code']]).toEqual([what, 409, 'agent-state']);
    }
  }, 60_000);

  it.each(['revoke', 'lock', 'unlock', 'approve-return'])('that is not there is not found: %s', async (what) => {
    const id = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';
    expect((await http.ask('POST', `/api/v1/agents/${id}/${what}`, {})).status).toBe(404);
    expect((await http.ask('GET', `/api/v1/agents/${id}`)).status).toBe(404);
    expect((await http.ask('GET', `/api/v1/agents/${id}/certificates`)).status).toBe(404);
    expect((await http.ask('GET', '/api/v1/agents?state=asleep')).status).toBe(400);
  });
});

describe('a copy of the state of an agent', () => {
  it('from before a renewal locks the agent once the grace is over, and cuts both; unlocked, the right one comes back', async () => {
    const { agent, view } = await enrolledSite('two');
    const { agentId } = view;
    const copyDir = join(platform.dataDir, 'two-copy');
    // The running agent writes its status anew all the time: a file of it may be gone before it is copied.
    const isLasting = (file: string): boolean => !/^(agent\.lock|\.?status\.json)/.test(basename(file));
    cpSync(agent.stateDir, copyDir, { recursive: true, filter: isLasting });
    await renewed(agent);
    await platform.query(
      `UPDATE certificate SET superseded_at = now() - interval '11 minutes' WHERE agent_id = $1 AND state = 'superseded'`,
      [agentId],
    );
    const copy = new AgentProcess({ stateDir: copyDir, keyfile: readFileSync(`${agent.stateDir}.keyfile`, 'utf8') });
    agents.push(copy);
    copy.begin();
    await waitUntil('the agent is locked', async () => (await stateOf(agentId)).state === 'locked');
    await waitUntil('both are cut', async () => (await openSessions(agentId)) === 0);
    expect(await stateOf(agentId)).toMatchObject({ lockReason: 'stale-certificate' });
    await copy.stop();
    await agent.stop();
    await rest.call('POST', `/agents/${agentId}/unlock`, {});
    await agent.start();
    expect(await openSessions(agentId)).toBe(1);
  }, 90_000);
});

describe('an agent whose certificate is over', () => {
  it('comes back as the same agent by a keyfile that the operator approves, and that is nothing without its key', async () => {
    const { agent, view, siteId } = await enrolledSite('three');
    const { agentId } = view;
    await agent.stop();
    await platform.query(
      `UPDATE certificate SET not_before = now() - interval '2 days', not_after = now() - interval '1 day' WHERE agent_id = $1`,
      [agentId],
    );
    expect((await stateOf(agentId)).certificate).toMatchObject({ expired: true });
    const approved = (await rest.call('POST', `/agents/${agentId}/approve-return`, {})) as { content: string };
    const thief = new AgentProcess({ stateDir: join(platform.dataDir, 'thief'), keyfile: approved.content });
    await expect(thief.command('enrol', `${thief.stateDir}.keyfile`, '--yes')).rejects.toThrow(/enrolment-bad-proof/);
    const file = `${agent.stateDir}.return`;
    writeFileSync(file, approved.content, { mode: 0o600 });
    expect(await agent.command('enrol', file, '--yes')).toContain('Enrolled as "three"');
    expect(await agent.command('enrol', file, '--yes')).toContain('enrolled already');
    await agent.start();
    const back = await stateOf(agentId);
    expect(back).toMatchObject({ state: 'active', certificate: { serial: agent.serial, expired: false } });
    expect((await get<Page<AgentView>>(`/agents?siteId=${siteId}`)).items).toHaveLength(1);
    await renewed(agent);
  }, 90_000);
});
