import { DEFAULT_TENANT_ID } from '@app/persistence';
import { PERMISSIONS } from './permission.js';
import { beyond, permissionsOf, withinScopes } from './role.js';

const of = (...roles: string[]): string[] => [...permissionsOf(roles, DEFAULT_TENANT_ID)].sort();
const ANOTHER_TENANT = '01900000-0000-7000-8000-00000000000f';

describe('the roles', () => {
  it('viewer: sees and watches, and changes nothing', () => {
    expect(of('viewer')).toEqual([
      'cameras:read',
      'events:read',
      'federation:read',
      'sites:read',
      'tenants:read',
      'tunnels:read',
      'video:watch',
    ]);
  });

  it('operator: runs sites, and manages neither people nor certificates', () => {
    const own = of('operator').filter((permission) => !of('viewer').includes(permission));
    expect(own).toEqual([
      'agents:read',
      'alarms:acknowledge',
      'entities:control',
      'federation:write',
      'keyfiles:issue',
      'keyfiles:read',
      'keyfiles:revoke',
      'sites:write',
      'stream-accounts:read',
      'stream-accounts:revoke',
      'stream-accounts:write',
      'streams:control',
      'streams:read',
      'tunnels:control',
      'webhooks:read',
    ]);
  });

  it('administrator: everything but the certificate authority’s changes', () => {
    expect(PERMISSIONS.filter((permission) => !of('administrator').includes(permission))).toEqual(['authority:write']);
  });

  it('security officer: reads everything and cuts off, but neither watches nor issues', () => {
    const changes = of('security-officer').filter((permission) => !permission.endsWith(':read'));
    expect(changes).toEqual(['agents:write', 'authority:write', 'keyfiles:revoke', 'stream-accounts:revoke']);
    expect(PERMISSIONS.filter((permission) => permission.endsWith(':read'))).toEqual(
      expect.arrayContaining(of('security-officer').filter((permission) => permission.endsWith(':read'))),
    );
  });

  it('add up, and an unknown one gives nothing', () => {
    expect(of('administrator', 'security-officer')).toEqual([...PERMISSIONS].sort());
    expect(of('root', '')).toEqual([]);
  });

  it('never reach the certificate authority from a tenant that is not the provider’s', () => {
    const there = permissionsOf(['administrator', 'security-officer'], ANOTHER_TENANT);
    expect(PERMISSIONS.filter((permission) => !there.has(permission))).toEqual(['authority:read', 'authority:write']);
  });

  describe.each([
    ['the provider’s tenant', DEFAULT_TENANT_ID],
    ['a customer’s tenant', ANOTHER_TENANT],
  ])('in %s', (_title, tenantId) => {
    const ruler = (...roles: string[]) => ({ roles, tenantId, permissions: permissionsOf(roles, tenantId) });

    it('are not granted by one who has less', () => {
      expect(beyond(ruler('administrator'), ['security-officer'])).toEqual(['authority:write']);
      expect(beyond(ruler('administrator'), ['operator', 'viewer', 'administrator'])).toEqual([]);
      expect(beyond(ruler('administrator', 'security-officer'), ['security-officer', 'administrator'])).toEqual([]);
    });

    it('are not granted beyond the scopes of a token', () => {
      const whole = ruler('administrator', 'security-officer');
      const token = { ...whole, permissions: withinScopes(whole.permissions, ['operators:write', 'sites:read']) };
      expect(beyond(token, ['viewer'])).toContain('video:watch');
    });
  });

  it('are narrowed by scopes and never widened', () => {
    const viewer = permissionsOf(['viewer'], DEFAULT_TENANT_ID);
    expect([...withinScopes(viewer, ['sites:read', 'sites:write', 'nonsense'])]).toEqual(['sites:read']);
  });
});
