import { neighbourhoodOf, originOf, plainAddress, TrustedBalancers } from './balancers.js';

describe('balancers', () => {
  const balancers = new TrustedBalancers(['10.0.0.0/8', '127.0.0.1/32', 'fd00::/8']);

  it.each(['10.1.2.3', '::ffff:10.1.2.3', '127.0.0.1', 'fd00::1'])('are trusted at %s', (address) => {
    expect(balancers.has(address)).toBe(true);
  });

  it.each(['11.0.0.1', '127.0.0.2', '::1', '::ffff:192.0.2.1', 'fe80::1', 'nonsense', ''])(
    'are not trusted at %p',
    (address) => {
      expect(balancers.has(address)).toBe(false);
    },
  );

  it('are none when none is named', () => {
    expect(new TrustedBalancers([]).has('127.0.0.1')).toBe(false);
  });
});

describe('an address', () => {
  it('is written in one way', () => {
    expect(plainAddress('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(plainAddress('2001:DB8:0::1')).toBe('2001:db8::1');
  });

  it('is counted with what belongs to the same holder', () => {
    expect(originOf('::ffff:192.0.2.1')).toBe(originOf('192.0.2.1'));
    expect(originOf('192.0.2.1')).not.toBe(originOf('192.0.2.2'));
    expect(originOf('2001:db8::1')).toBe(originOf('2001:db8::ffff:1:2'));
    expect(originOf('2001:db8::1')).not.toBe(originOf('2001:db8:0:1::1'));
  });

  it('waits in line with those of the same /48', () => {
    const [one, two, other] = ['2001:db8:7:1::1', '2001:db8:7:2::1', '2001:db8:8:1::1'].map((address) =>
      neighbourhoodOf(originOf(address)),
    );
    expect(one).toBe(two);
    expect(one).not.toBe(other);
    expect(neighbourhoodOf(originOf('192.0.2.1'))).toBe('192.0.2.1');
  });
});
