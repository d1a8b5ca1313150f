import { missingSettings, nextRoleState, ROLE_MOVES, type RoleEvent } from './role-state.js';

const walk = (...events: RoleEvent[]): string => events.reduce(nextRoleState, 'unconfigured');

describe('the states of a federation role', () => {
  it('goes from unconfigured to connected and back through a lost contact', () => {
    expect(walk('started', 'opened', 'synchronized')).toBe('connected');
    expect(walk('started', 'opened', 'synchronized', 'failed')).toBe('connection-failed');
    expect(walk('started', 'opened', 'synchronized', 'failed', 'failed', 'opened', 'synchronized')).toBe('connected');
  });

  it('tells a refused account from a lost contact', () => {
    expect(walk('started', 'refused')).toBe('invalid-credentials');
    expect(walk('started', 'refused', 'failed')).toBe('connection-failed');
    expect(walk('started', 'refused', 'opened')).toBe('synchronizing');
  });

  it('keeps a resilient role in warning until contact is back or its time is over', () => {
    expect(walk('started', 'opened', 'synchronized', 'suspended', 'suspended', 'opened', 'synchronized')).toBe(
      'connected',
    );
    expect(walk('started', 'opened', 'synchronized', 'suspended', 'failed')).toBe('connection-failed');
  });

  it('can be disabled, made incomplete and started in every state', () => {
    for (const moves of Object.values(ROLE_MOVES)) {
      expect(moves).toMatchObject({ unconfigured: 'unconfigured', disabled: 'disabled', started: 'connecting' });
    }
  });

  it.each([
    ['unconfigured', 'opened'],
    ['disabled', 'synchronized'],
    ['connecting', 'synchronized'],
    ['connection-failed', 'suspended'],
    ['connected', 'opened'],
  ] as const)('refuses a move that makes no sense: %s → %s', (state, event) => {
    expect(() => nextRoleState(state, event)).toThrow(/cannot be/);
  });
});

describe('missingSettings', () => {
  const role = { directoryAddress: 'x:1', username: 'u', hasPassword: true, tlsPin: null, enabled: true };

  it('asks for a pin only where no enrolment gives one', () => {
    expect(missingSettings(role, () => true)).toEqual([]);
    expect(missingSettings(role, () => false)).toEqual(['tlsPin']);
    expect(missingSettings({ ...role, tlsPin: 'pin' }, () => false)).toEqual([]);
  });

  it('names all that is missing', () => {
    const empty = { directoryAddress: null, username: null, hasPassword: false, tlsPin: null, enabled: false };
    expect(missingSettings(empty, () => true)).toEqual(['directoryAddress', 'username', 'password']);
  });
});
