import { ConfigError, readConfig } from './config.js';

describe('options of the demo camera', () => {
  it('default to a free port on loopback', () => {
    expect(readConfig([])).toEqual({ bind: '127.0.0.1', port: 0 });
  });

  it('take port and address', () => {
    expect(readConfig(['--port', '8555', '--bind=::1'])).toEqual({ bind: '::1', port: 8555 });
  });

  it.each([[['--port', '70000']], [['--port', 'x']], [['--bind', '']], [['--speed', '2']], [['extra']]])(
    'refuse %j',
    (args) => {
      expect(() => readConfig(args)).toThrow(ConfigError);
    },
  );
});
