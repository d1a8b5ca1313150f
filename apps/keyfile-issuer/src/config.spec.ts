import { parseEnvironment } from '@app/runtime';
import { issuerEnvironment } from './config.js';

const environment = {
  ADIT_SECRETS_DIR: '/secrets',
  ADIT_PUBLIC_KEYS_FILE: '/public-keys.json',
  ADIT_DATABASE_URL: 'postgres://localhost/adit',
  NATS_URL: 'nats://localhost',
  ADIT_DATA_DIR: '/data',
  ADIT_PUBLIC_ENDPOINTS: 'cloud.example:5500, cloud.example:443,[2001:db8::1]:5500',
};

describe('configuration of the issuer', () => {
  it('turns the public endpoints into those of a keyfile, best first', () => {
    expect(parseEnvironment(issuerEnvironment, environment).ADIT_PUBLIC_ENDPOINTS).toEqual([
      { host: 'cloud.example', port: 5500, serverName: 'cloud.example', priority: 0 },
      { host: 'cloud.example', port: 443, serverName: 'cloud.example', priority: 1 },
      { host: '2001:db8::1', port: 5500, serverName: '2001:db8::1', priority: 2 },
    ]);
  });

  it.each([
    ['ADIT_PUBLIC_ENDPOINTS', 'cloud.example'],
    ['ADIT_PUBLIC_ENDPOINTS', 'cloud.example:99999'],
    ['ADIT_BROKER_NAMES', '*'],
    ['ADIT_DEPLOYMENT', 'Not A Label'],
    ['ADIT_RECOVERY_APPROVAL', 'never'],
  ])('names %s when it is %j', (key, value) => {
    expect(() => parseEnvironment(issuerEnvironment, { ...environment, [key]: value })).toThrow(key);
  });
});
