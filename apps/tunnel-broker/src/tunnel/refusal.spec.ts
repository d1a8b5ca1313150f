import type { AgentAdmission } from '@app/persistence';
import { verdictOf } from './refusal.js';

const AGENT = '7d3f4f0a-5c1e-4a51-9a55-0d4b6f0e7a11';

const record = (change: Partial<AgentAdmission>): AgentAdmission => ({
  serial: '4a',
  certificateState: 'current',
  expired: false,
  inGrace: false,
  notAfter: new Date(0),
  agentId: AGENT,
  agentState: 'active',
  tenantId: 't',
  siteId: 's',
  siteLabel: 'hamburg',
  siteName: 'Hamburg',
  ...change,
});

describe('the verdict on a certificate', () => {
  it.each<[string, Partial<AgentAdmission>]>([
    ['current', {}],
    ['pending, of an agent that never came', { certificateState: 'pending', agentState: 'pending' }],
    ['superseded a moment ago', { certificateState: 'superseded', inGrace: true }],
  ])('lets one in that is %s', (_case, change) => {
    expect(verdictOf(record(change), AGENT)).toBeUndefined();
  });

  it.each<[string, Partial<AgentAdmission>]>([
    ['certificate-unknown', { agentId: 'another' }],
    ['certificate-revoked', { certificateState: 'revoked', agentState: 'revoked' }],
    ['agent-revoked', { agentState: 'revoked' }],
    ['agent-locked', { agentState: 'locked' }],
    ['certificate-expired', { expired: true }],
    ['certificate-superseded', { certificateState: 'superseded' }],
  ])('refuses with %s', (code, change) => {
    expect(verdictOf(record(change), AGENT)?.code).toBe(code);
  });

  it('refuses one that nobody has on record', () => {
    expect(verdictOf(undefined, AGENT)?.code).toBe('certificate-unknown');
  });
});
