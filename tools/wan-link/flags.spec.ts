import { HELP, parseFlags } from './flags.mjs';
import { happen, parseHappening } from './script.mjs';
import { WanLink } from './link.mjs';

describe('the flags of the line', () => {
  it('set both directions, and one of them alone', () => {
    const { link, script, command } = parseFlags([
      ...'--to cloud:5500 --listen 0.0.0.0:6000 --delay 20 --rate 10 --up-rate 2 --buffer 64 --seed 9'.split(' '),
      ...['--at', '50 reset one', '--', 'echo', 'x'],
    ]);
    expect(link).toMatchObject({
      target: { host: 'cloud', port: 5500 },
      listen: { host: '0.0.0.0', port: 6000 },
      up: { delayMs: 20, rateBitsPerS: 2e6, bufferBytes: 65_536 },
      down: { delayMs: 20, rateBitsPerS: 10e6 },
      seed: 9,
    });
    expect(script).toEqual([{ atMs: 50, event: 'reset one' }]);
    expect(command).toEqual(['echo', 'x']);
  });

  it('say what is not modelled', () => {
    expect(HELP).toContain('no packet loss');
  });

  it.each([
    [['--to', 'cloud'], '--to'],
    [[], '--to'],
    [['--to', 'a:1', '--delay', 'x'], '--delay'],
    [['--to', 'a:1', '--up-rate', '-1'], '--up-rate'],
    [['--to', 'a:1', '--wrong'], '--wrong'],
    [['--to', 'a:1', '--at', 'soon reset'], 'soon reset'],
  ])('refuse %j and name what is wrong', (args, named) => {
    expect(() => parseFlags(args)).toThrow(named);
  });

  it.each(['explode', 'toString', 'half-close', 'rate', 'rate x', 'reset two', 'stall up 5 6'])(
    'know no event %j',
    (event) => {
      const link = new WanLink({ target: { port: 1 } });
      expect(() => happen(link, event)).toThrow(expect.objectContaining({ code: 'event-invalid' }));
    },
  );

  it('refuse a line that could pass nothing', () => {
    expect(() => new WanLink({ target: { port: 1 }, up: { bufferBytes: 10 } })).toThrow('bufferBytes');
    expect(() => parseHappening('5 explode')).toThrow('5 explode');
  });
});
