import { readConfig } from './config.js';
import { oidcSettings } from './oidc/oidc-settings.js';

const NEEDED = {
  ADIT_SECRETS_DIR: '/x',
  ADIT_PUBLIC_KEYS_FILE: '/x',
  ADIT_DATABASE_URL: 'postgres://x',
  NATS_URL: 'nats://x',
};
const OIDC = {
  ADIT_OIDC_ISSUER: 'https://login.example.com/realms/adit',
  ADIT_OIDC_CLIENT_ID: 'adit',
  ADIT_OIDC_REDIRECT_URL: 'https://adit.example.com/api/v1/oidc/callback',
};

const before = process.env;
afterEach(() => (process.env = before));

const settingsOf = (environment: Record<string, string>): ReturnType<typeof oidcSettings> => {
  process.env = { ...NEEDED, ...environment };
  return oidcSettings(readConfig());
};

describe('the settings of the identity provider', () => {
  it('may be absent, or name a public client', () => {
    expect(settingsOf({})).toBeUndefined();
    expect(settingsOf(OIDC)).toMatchObject({ clientId: 'adit', clientSecret: undefined, scopes: 'openid profile' });
  });

  it('map values of a claim, equals signs in them too', () => {
    const roles = { ADIT_OIDC_ROLES_CLAIM: 'groups', ADIT_OIDC_ROLES: 'CN=cctv=viewer, admins=administrator' };
    expect([...(settingsOf({ ...OIDC, ...roles })?.roles ?? [])]).toEqual([
      ['CN=cctv', 'viewer'],
      ['admins', 'administrator'],
    ]);
  });

  it.each([
    ['a plain issuer', { ADIT_OIDC_ISSUER: 'http://login.example.com' }, 'ADIT_OIDC_ISSUER'],
    ['a plain way back', { ADIT_OIDC_REDIRECT_URL: 'http://adit.example.com/x' }, 'ADIT_OIDC_REDIRECT_URL'],
    [
      'an issuer that only begins like loopback',
      { ADIT_OIDC_ISSUER: 'http://127.0.0.1.example.com' },
      'ADIT_OIDC_ISSUER',
    ],
    ['a file for an issuer', { ADIT_OIDC_ISSUER: 'file:///etc/passwd' }, 'ADIT_OIDC_ISSUER'],
    ['no client', { ADIT_OIDC_CLIENT_ID: '' }, 'ADIT_OIDC_CLIENT_ID'],
    ['scopes without openid', { ADIT_OIDC_SCOPES: 'profile' }, 'ADIT_OIDC_SCOPES'],
    ['a claim without roles', { ADIT_OIDC_ROLES_CLAIM: 'groups' }, 'ADIT_OIDC_ROLES'],
    ['a tenant that is none', { ADIT_OIDC_TENANTS: 'hamburg' }, 'ADIT_OIDC_TENANTS'],
    ['a role that is none', { ADIT_OIDC_ROLES_CLAIM: 'groups', ADIT_OIDC_ROLES: 'cctv=root' }, 'ADIT_OIDC_ROLES'],
  ])('stop the start with %s', (_title, change, key) => {
    expect(() => settingsOf({ ...OIDC, ...change })).toThrow(key);
  });

  it('take plain http on loopback', () => {
    expect(settingsOf({ ...OIDC, ADIT_OIDC_ISSUER: 'http://127.0.0.1:9000' })?.issuer.port).toBe('9000');
  });
});
