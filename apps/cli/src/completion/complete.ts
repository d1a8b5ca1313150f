import type { Candidates, CommandSpec, OptionSpec } from '../program/command.js';
import { COMMON_OPTIONS } from '../program/common-options.js';

/** Names that only the server or the disk know. */
export interface Names {
  sites: () => Promise<string[]>;
  cameras: () => Promise<string[]>;
  operators: () => Promise<string[]>;
  contexts: () => Promise<string[]>;
}

/** Tells the script to offer names of files. */
export const FILES = ':file';

/** @param words after `adit`; the last one is being typed */
export const complete = async (
  words: readonly string[],
  commands: readonly CommandSpec[],
  names: Names,
): Promise<string[]> => {
  const visible = commands.filter(({ hidden }) => hidden !== true);
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? '';
  const starting = (found: readonly string[]): string[] =>
    found.filter((word) => word === FILES || word.startsWith(typed));
  const { spec, rest } = commandOf(before, visible);
  if (spec === undefined)
    return typed.startsWith('-') ? starting(['--help', '--version']) : starting(nextWords(before, visible));
  const options = [...(spec.options ?? []), ...COMMON_OPTIONS];
  const last = rest.at(-1);
  const open =
    last === undefined ? undefined : options.find((option) => takesValue(option) && spellings(option).includes(last));
  if (open !== undefined) return starting(await candidatesOf(open.complete, names));
  if (typed.startsWith('-'))
    return starting([...options.map(longOf), '--help'].filter((flag) => !used(flag, rest, options)));
  const position = positionals(rest, options);
  return starting(await candidatesOf(spec.args?.[position]?.complete, names));
};

const commandOf = (
  words: readonly string[],
  visible: readonly CommandSpec[],
): { spec?: CommandSpec; rest: readonly string[] } => {
  for (const length of [2, 1]) {
    const path = words.slice(0, length).join(' ');
    const spec = words.length >= length ? visible.find((each) => each.path === path) : undefined;
    if (spec) return { spec, rest: words.slice(length) };
  }
  return { rest: words };
};

/** First words, or the second ones of a group. */
const nextWords = (before: readonly string[], visible: readonly CommandSpec[]): string[] => {
  const paths = visible.map(({ path }) => path.split(' '));
  if (before.length === 0) return [...new Set([...paths.map(([first = '']) => first), 'help'])];
  const [group = ''] = before;
  if (before.length > 1) return [];
  return paths.flatMap(([first, second]) => (first === group && second !== undefined ? [second] : []));
};

const spellings = ({ flags }: OptionSpec): string[] => flags.split(/[ ,]+/).filter((word) => word.startsWith('-'));
const longOf = (option: OptionSpec): string => spellings(option).find((flag) => flag.startsWith('--')) ?? '';
const takesValue = ({ flags }: OptionSpec): boolean => flags.includes('<');

const used = (flag: string, words: readonly string[], options: readonly OptionSpec[]): boolean => {
  const option = options.find((each) => longOf(each) === flag);
  return option?.repeat !== true && words.some((word) => (option ? spellings(option) : [flag]).includes(word));
};

/** How many arguments stand there already. */
const positionals = (words: readonly string[], options: readonly OptionSpec[]): number =>
  words.filter((word, index) => {
    if (word.startsWith('-')) return false;
    const previous = words[index - 1];
    const option = previous === undefined ? undefined : options.find((each) => spellings(each).includes(previous));
    return option === undefined || !takesValue(option);
  }).length;

const candidatesOf = async (kind: Candidates | undefined, names: Names): Promise<readonly string[]> => {
  if (typeof kind === 'object') return kind;
  if (kind === 'site') return names.sites();
  if (kind === 'camera') return names.cameras();
  if (kind === 'operator') return names.operators();
  if (kind === 'context') return names.contexts();
  return kind === 'file' ? [FILES] : [];
};
