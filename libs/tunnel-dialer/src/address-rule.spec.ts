import { isAllowedAddress, parseCidrs } from './address-rule.js';

describe('the rule for direct addresses', () => {
  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.0.0.1',
    '172.16.3.4',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '::127.0.0.1',
    '::7f00:1',
    '::808:808',
    '64:ff9b:1::7f00:1',
    'fec0::1',
    '4000::1',
    'not-an-address',
  ])('refuses %s', (address) => {
    expect(isAllowedAddress(address, [])).toBe(false);
  });

  it.each(['8.8.8.8', '2a00:1450:4001::1', '::ffff:8.8.8.8'])('lets %s pass', (address) => {
    expect(isAllowedAddress(address, [])).toBe(true);
  });

  it('opens exactly the ranges that the deployment allows', () => {
    const allowed = parseCidrs(['10.1.0.0/16', 'fd00:1::/32']);
    expect(isAllowedAddress('10.1.2.3', allowed)).toBe(true);
    expect(isAllowedAddress('::ffff:10.1.2.3', allowed)).toBe(true);
    expect(isAllowedAddress('10.2.0.1', allowed)).toBe(false);
    expect(isAllowedAddress('fd00:1::5', allowed)).toBe(true);
    expect(isAllowedAddress('fd00:2::5', allowed)).toBe(false);
  });

  it('names a range that cannot be read', () => {
    expect(() => parseCidrs(['10.0.0.0/33'])).toThrow('10.0.0.0/33');
  });
});
