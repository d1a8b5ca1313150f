import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { InterruptedError } from './interrupted.js';

const INTERRUPT = '\u0003';
const END = new Set(['\r', '\n', '\u0004']);
const ERASE = new Set(['\u007f', '\b']);
const ERASE_ALL = '\u0015';

/** One line of a terminal in raw mode, where nothing is echoed and keys come as they are. @throws InterruptedError on Ctrl-C or when the terminal is gone */
export const readHidden = (input: Readable): Promise<string> =>
  new Promise((resolve, reject) => {
    const decoder = new StringDecoder('utf8');
    let typed: string[] = [];
    const finish = (error?: InterruptedError): void => {
      input.off('data', onData).off('end', onGone).off('error', onGone).pause();
      if (error) reject(error);
      else resolve(typed.join(''));
    };
    const onGone = (): void => finish(new InterruptedError());
    const onData = (chunk: Buffer | string): void => {
      for (const key of typeof chunk === 'string' ? chunk : decoder.write(chunk)) {
        if (END.has(key)) return finish();
        if (key === INTERRUPT) return onGone();
        if (ERASE.has(key)) typed.pop();
        else if (key === ERASE_ALL) typed = [];
        else typed.push(key);
      }
    };
    input.on('data', onData).once('end', onGone).once('error', onGone).resume();
  });
