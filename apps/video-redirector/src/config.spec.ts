import { parseEnvironment } from '@app/runtime';
import { checkConfig, redirectorEnvironment } from './config.js';

const read = (change: NodeJS.ProcessEnv): ReturnType<typeof checkConfig> =>
  checkConfig(
    parseEnvironment(redirectorEnvironment, {
      ADIT_SECRETS_DIR: '/s',
      ADIT_PUBLIC_KEYS_FILE: '/p',
      ADIT_DATABASE_URL: 'postgres://x',
      NATS_URL: 'nats://x',
      ...change,
    }),
  );

describe('the configuration of a video redirector', () => {
  it('serves RTSP on loopback without TLS and to no network by UDP', () => {
    const config = read({});
    expect(config).toMatchObject({ ADIT_RTSP_HOST: '127.0.0.1', ADIT_RTSP_PORT: 8554 });
    expect([config.ADIT_RTSPS_PORT, config.ADIT_NETWORKS_FILE]).toEqual([undefined, undefined]);
  });

  it.each<NodeJS.ProcessEnv>([
    { ADIT_RTSPS_PORT: '8322', ADIT_DATA_DIR: '/d' },
    { ADIT_RTSPS_PORT: '8322', ADIT_RTSPS_CERTIFICATE_FILE: '/c', ADIT_RTSPS_KEY_FILE: '/k' },
  ])('takes RTSPS with %p', (change) => {
    expect(read(change).ADIT_RTSPS_PORT).toBe(8322);
  });

  it.each<[NodeJS.ProcessEnv, string]>([
    [{ ADIT_RTSPS_PORT: '8322' }, 'ADIT_RTSPS_PORT'],
    [{ ADIT_RTSPS_KEY_FILE: '/k' }, 'ADIT_RTSPS_CERTIFICATE_FILE'],
    [{ ADIT_RTSPS_CERTIFICATE_FILE: '/c' }, 'ADIT_RTSPS_KEY_FILE'],
    [{ ADIT_SERVER_NAMES: 'a b' }, 'ADIT_SERVER_NAMES'],
    [{ ADIT_LIVE_CAPACITY: '-1' }, 'ADIT_LIVE_CAPACITY'],
    [{ ADIT_PLAYBACK_CAPACITY: '1.5' }, 'ADIT_PLAYBACK_CAPACITY'],
    [{ ADIT_LIVE_BANDWIDTH_MBIT: '0' }, 'ADIT_LIVE_BANDWIDTH_MBIT'],
    [{ ADIT_PLAYBACK_BANDWIDTH_MBIT: 'much' }, 'ADIT_PLAYBACK_BANDWIDTH_MBIT'],
  ])('stops the start for %p', (change, named) => {
    expect(() => read(change)).toThrow(named);
  });
});
