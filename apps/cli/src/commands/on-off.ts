import { CliError } from '../errors.js';

export const ON_OFF = ['on', 'off'] as const;

/** @throws CliError `wrong-usage` */
export const onOff = (text: string): boolean => {
  if (text === 'on') return true;
  if (text === 'off') return false;
  throw new CliError('wrong-usage', `${text} is neither on nor off`);
};
