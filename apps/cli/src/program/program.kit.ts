import { Terminal } from '@app/terminal';
import { PassThrough, Writable } from 'node:stream';
import { readEnvironment } from '../config.js';
import { runCli } from './program.js';

class Collected extends Writable {
  text = '';
  isTTY = false;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

export interface Ending {
  exitCode: number;
  out: string;
  err: string;
}

/** One command line inside this process, with nobody at the terminal. */
export const cli = async (args: string[], environment: Record<string, string> = {}, input = ''): Promise<Ending> => {
  const [stdin, out, err] = [new PassThrough(), new Collected(), new Collected()];
  stdin.end(input);
  const context = { terminal: new Terminal(stdin, out, err), environment: () => readEnvironment(environment) };
  return { exitCode: await runCli(args, context), out: out.text, err: err.text };
};
