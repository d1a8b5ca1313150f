import { isIP } from 'node:net';
import { parseCidrs } from '@app/tunnel-dialer';
import { ValidateBy } from 'class-validator';

const FORM = /^([0-9a-fA-F.:]{2,45})\/\d{1,3}$/;

const isCidr = (value: unknown): boolean => {
  const address = typeof value === 'string' ? FORM.exec(value)?.[1] : undefined;
  // Shortened forms such as 10/8 mean different things to different programs.
  if (address === undefined || isIP(address) === 0) return false;
  try {
    return parseCidrs([value as string]).length === 1;
  } catch {
    return false;
  }
};

/** Each of an array is a range of addresses, e.g. `192.0.2.0/24`, `2001:db8::/32`; one address is `/32` or `/128`. */
export const AreCidrs = (): PropertyDecorator =>
  ValidateBy(
    {
      name: 'areCidrs',
      validator: {
        validate: isCidr,
        defaultMessage: () => 'each of $property must be a range of addresses such as 192.0.2.0/24',
      },
    },
    { each: true },
  );
