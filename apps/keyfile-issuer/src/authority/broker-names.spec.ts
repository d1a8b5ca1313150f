import { BrokerNames } from './broker-names.js';

const names = new BrokerNames(['cloud.example'], ['tunnel-broker', '*.brokers.internal']);

describe('names of a broker', () => {
  it('are all public endpoints when none was asked for', () => {
    expect(names.resolve([])).toEqual(['cloud.example']);
  });

  it.each(['cloud.example', 'localhost', '::1', 'tunnel-broker', 'one.brokers.internal'])('may be %s', (name) => {
    expect(names.resolve([name])).toEqual([name]);
  });

  it.each([
    'bank.example',
    'a.b.brokers.internal',
    'brokers.internal',
    '*.brokers.internal',
    '*.brokers.internal.example',
    'x.cloud.example',
  ])('may not be %s', (name) => {
    expect(() => names.resolve(['localhost', name])).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});
