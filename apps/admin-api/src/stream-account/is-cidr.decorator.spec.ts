import { validateSync } from 'class-validator';
import { AreCidrs } from './is-cidr.decorator.js';

class Ranges {
  @AreCidrs()
  ranges!: unknown[];
}

const isValid = (range: unknown): boolean =>
  validateSync(Object.assign(new Ranges(), { ranges: [range] })).length === 0;

it.each(['192.0.2.0/24', '192.0.2.7/32', '0.0.0.0/0', '2001:db8::/32', '::1/128'])('%s is a range', (range) =>
  expect(isValid(range)).toBe(true),
);

it.each(['10/8', '192.0.2.0', '192.0.2.0/33', '0x7f.1/8', 'fe80::1%eth0/64', '::/129', '', null, 7, {}])(
  '%j is none',
  (range) => expect(isValid(range)).toBe(false),
);
