import { HELP, parseSimulateFlags } from './flags.mjs';

describe('the flags of npm run simulate', () => {
  it('make a small demo when nothing is said', () => {
    expect(parseSimulateFlags([])).toEqual({
      help: false,
      sites: 10,
      entities: 150,
      eventsPerS: 0,
      changesPerS: 0,
      name: 'Simulated',
      processes: 1,
      seconds: undefined,
      own: false,
    });
  });

  it('take what the documentation shows', () => {
    const flags = parseSimulateFlags([
      '--sites',
      '500',
      '--entities',
      '150',
      '--events',
      '200/s',
      '--changes',
      '90/min',
    ]);
    expect(flags).toMatchObject({ sites: 500, entities: 150, eventsPerS: 200, changesPerS: 1.5, processes: 2 });
  });

  it('are all in the help', () => {
    for (const flag of ['sites', 'entities', 'events', 'changes', 'name', 'processes', 'seconds', 'own', 'help'])
      expect(HELP).toContain(`--${flag}`);
  });

  it.each([
    [['--sites', '0'], '--sites'],
    [['--sites', '5001'], '--sites'],
    [['--entities', '1e3'], '--entities'],
    [['--events', '200/h'], '--events'],
    [['--events', '-1'], '--events'],
    [['--changes', 'many'], '--changes'],
    [['--processes', '11'], '--processes'],
    [['--seconds', '1.5'], '--seconds'],
    [['--name', ' x'], '--name'],
    [['--name', 'a\nb'], '--name'],
    [['--more'], '--more'],
    [['more'], 'more'],
  ])('%j are refused, and named', (args, named) => {
    expect(() => parseSimulateFlags(args)).toThrow(named);
  });
});
