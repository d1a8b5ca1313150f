import { complete } from '../completion/complete.js';
import { ApiNames } from '../completion/names.js';
import { SCRIPTS } from '../completion/scripts.js';
import { wordsOf } from '../completion/words.js';
import { command, type CommandSpec } from '../program/command.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

const completion = command({
  path: 'completion',
  summary: 'the script that completes commands, flags, sites and cameras',
  args: [{ name: '<shell>', summary: 'bash, zsh or fish', complete: SHELLS }],
  examples: [
    'source <(adit completion bash)                                     this shell',
    'adit completion bash > ~/.local/share/bash-completion/completions/adit',
    'adit completion zsh > "${fpath[1]}/_adit"',
    'adit completion fish > ~/.config/fish/completions/adit.fish',
  ],
  run: async ({ args: [shell = ''], terminal }) => {
    terminal.print(SCRIPTS[shell as (typeof SHELLS)[number]]);
  },
});

/** What the scripts call: a word a line, and `:file` last where names of files fit. */
const candidates = (commands: () => readonly CommandSpec[]): CommandSpec =>
  command<{ line?: string }>({
    path: '__complete',
    summary: 'candidates for the end of a command line',
    args: [{ name: '[words...]', summary: 'of the line, without adit' }],
    options: [{ flags: '--line <line>', summary: 'the whole line instead, from adit to the cursor' }],
    examples: ["adit __complete --line 'adit site sh'"],
    hidden: true,
    run: async (call) => {
      const words = call.flags.line === undefined ? [...call.args] : wordsOf(call.flags.line).slice(1);
      const found = await complete(words, commands(), new ApiNames(call));
      if (found.length > 0) call.terminal.print(found.join('\n'));
    },
  });

/** @param commands all of them, these too */
export const completionCommands = (commands: () => readonly CommandSpec[]): CommandSpec[] => [
  completion,
  candidates(commands),
];
