import { DEFAULT_TENANT_ID } from '@app/persistence';
import { permissionsOf, withinScopes } from './role.js';
import { highestLevelOf } from './user-level.js';

describe('highestLevelOf', () => {
  it.each([
    [['administrator'], 1],
    [['viewer', 'administrator'], 1],
    [['operator'], 50],
    [['viewer'], 100],
    [['security-officer'], 100],
    [['no-such-role'], 100],
    [[], 100],
  ])('gives %j the level %i', (roles, level) => {
    expect(highestLevelOf(permissionsOf(roles, DEFAULT_TENANT_ID))).toBe(level);
  });

  it('gives an API token no more than its scopes do', () => {
    const administrator = permissionsOf(['administrator'], DEFAULT_TENANT_ID);
    expect(highestLevelOf(withinScopes(administrator, ['video:watch']))).toBe(100);
    expect(highestLevelOf(withinScopes(administrator, ['video:watch', 'sites:write']))).toBe(50);
  });
});
