import { CliError } from '../errors.js';
import type { OptionSpec } from './command.js';

const seconds = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 3_600) return value;
  throw new CliError('wrong-usage', `--timeout: ${text} is no number of seconds up to 3600`);
};

/** Every command has them. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
  { flags: '--json', summary: 'for programs: one JSON value a line' },
  { flags: '-q, --quiet', summary: 'ids alone, or nothing' },
  { flags: '--context <name>', summary: 'another sign-in than the current one (ADIT_CONTEXT)', complete: 'context' },
  { flags: '--timeout <seconds>', summary: 'of one request; 30 when absent', parse: seconds, complete: 'none' },
];
