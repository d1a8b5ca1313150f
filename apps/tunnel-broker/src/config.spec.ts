import { parseEnvironment } from '@app/runtime';
import { checkConfig, environment } from './config.js';
import { TrustedBalancers } from './listener/balancers.js';

const read = (change: NodeJS.ProcessEnv) =>
  checkConfig(
    parseEnvironment(environment, {
      ADIT_SECRETS_DIR: '/s',
      ADIT_PUBLIC_KEYS_FILE: '/p',
      ADIT_DATABASE_URL: 'postgres://x',
      NATS_URL: 'nats://x',
      ADIT_DATA_DIR: '/d',
      ...change,
    }),
  );

describe('the configuration of a broker', () => {
  it('listens on loopback by default', () => {
    expect(read({})).toMatchObject({
      ADIT_TUNNEL_HOST: '127.0.0.1',
      ADIT_TUNNEL_PORT: 5500,
      ADIT_INGRESS_HOST: '127.0.0.1',
      ADIT_INGRESS_PORT: 5580,
      ADIT_SERVER_NAMES: ['localhost', '127.0.0.1', '::1'],
      ADIT_DRAIN_DEADLINE_MS: 800,
    });
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'ingress.example'])('refuses a plain ingress on %s', (host) => {
    expect(() => read({ ADIT_INGRESS_HOST: host })).toThrow('ADIT_INGRESS_HOST');
  });

  it.each<NodeJS.ProcessEnv>([
    { ADIT_INGRESS_HOST: '0.0.0.0', ADIT_INGRESS_TLS: 'true' },
    { ADIT_INGRESS_HOST: '0.0.0.0', ADIT_INGRESS_PLAIN_NETWORK: 'true' },
    { ADIT_INGRESS_HOST: '::1' },
    { ADIT_INGRESS_HOST: 'localhost' },
  ])('takes an ingress with %p', (change) => {
    expect(read(change).ADIT_INGRESS_HOST).toBe(change['ADIT_INGRESS_HOST']);
  });

  it('believes no balancer unless one is named', () => {
    expect(read({}).ADIT_TUNNEL_PROXY_PROTOCOL_FROM).toEqual([]);
    const named = read({ ADIT_TUNNEL_PROXY_PROTOCOL_FROM: '10.0.0.0/8, 127.0.0.1,fd00::1' });
    expect(named.ADIT_TUNNEL_PROXY_PROTOCOL_FROM).toEqual(['10.0.0.0/8', '127.0.0.1/32', 'fd00::1/128']);
  });

  it('takes IPv4 balancers in IPv6 clothing for what they are', () => {
    const { ADIT_TUNNEL_PROXY_PROTOCOL_FROM } = read({
      ADIT_TUNNEL_PROXY_PROTOCOL_FROM: '::ffff:10.0.0.0/104,::ffff:192.0.2.1',
    });
    expect(ADIT_TUNNEL_PROXY_PROTOCOL_FROM).toEqual(['10.0.0.0/8', '192.0.2.1/32']);
    expect(new TrustedBalancers(ADIT_TUNNEL_PROXY_PROTOCOL_FROM).has('::ffff:10.1.2.3')).toBe(true);
  });

  it.each([
    ['::ffff:10.0.0.0/90', 'at least 96 bits'],
    ['::ffff:0.0.0.0/96', 'everybody'],
  ])('says what is wrong with balancers at %s', (range, what) => {
    expect(() => read({ ADIT_TUNNEL_PROXY_PROTOCOL_FROM: range })).toThrow(what);
  });

  it.each<[string, NodeJS.ProcessEnv]>([
    ['ADIT_TUNNEL_PROXY_PROTOCOL_FROM', { ADIT_TUNNEL_PROXY_PROTOCOL_FROM: 'balancer.example' }],
    ['ADIT_TUNNEL_PROXY_PROTOCOL_FROM', { ADIT_TUNNEL_PROXY_PROTOCOL_FROM: '10.0.0.0/33' }],
    ['ADIT_TUNNEL_PROXY_PROTOCOL_FROM', { ADIT_TUNNEL_PROXY_PROTOCOL_FROM: '0.0.0.0/0' }],
    ['ADIT_TUNNEL_PORT', { ADIT_TUNNEL_PORT: '70000' }],
    ['ADIT_DRAIN_DEADLINE_MS', { ADIT_DRAIN_DEADLINE_MS: '-1' }],
    ['ADIT_SERVER_NAMES', { ADIT_SERVER_NAMES: 'a b' }],
    ['ADIT_INGRESS_PUBLIC', { ADIT_INGRESS_PUBLIC: 'nowhere' }],
    ['ADIT_TUNEL_PORT', { ADIT_TUNEL_PORT: '1' }],
  ])('names %s when it is wrong', (key, change) => {
    expect(() => read(change)).toThrow(key);
  });
});
