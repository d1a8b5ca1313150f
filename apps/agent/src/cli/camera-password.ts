import { text } from 'node:stream/consumers';
import type { Terminal } from '@app/terminal';
import { AgentError } from '../errors.js';

export interface PasswordFlags {
  user?: string;
  passwordStdin?: boolean;
}

const MAX_LENGTH = 200;

/** The password of a camera's account, never from the command line. @throws AgentError `camera-password-missing`, `camera-invalid` */
export const askPassword = async (user: string, flags: PasswordFlags, terminal: Terminal): Promise<string> => {
  const password = await read(user, flags, terminal);
  if (password.length <= MAX_LENGTH) return password;
  throw new AgentError('camera-invalid', `A password of a camera has at most ${MAX_LENGTH} characters`);
};

const read = async (user: string, { passwordStdin }: PasswordFlags, terminal: Terminal): Promise<string> => {
  if (passwordStdin === true) return (await text(terminal.input)).split(/\r?\n/, 1)[0] ?? '';
  if (terminal.askSecret !== undefined) return await terminal.askSecret(`Password of ${user}: `);
  const advice = 'Give it on standard input, with --password-stdin';
  throw new AgentError('camera-password-missing', 'Nobody is there to type the password', advice);
};
