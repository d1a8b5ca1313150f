import { PassThrough, Writable } from 'node:stream';
import { InterruptedError } from './interrupted.js';
import { Terminal } from './terminal.js';

class Screen extends Writable {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly hasColors = () => true,
  ) {
    super();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

class Keyboard extends PassThrough {
  isTTY = true;
  readonly modes: boolean[] = [];
  setRawMode(raw: boolean): void {
    this.modes.push(raw);
  }
}

const person = (): { keys: Keyboard; screen: Screen; terminal: Terminal } => {
  const [keys, screen] = [new Keyboard(), new Screen(true)];
  return { keys, screen, terminal: new Terminal(keys, new Screen(true), screen) };
};

describe('a terminal', () => {
  it('knows when a slow reader has taken all of a long answer', async () => {
    const taken: string[] = [];
    const slow = new Writable({
      write: (chunk: Buffer, _encoding, done) => void setTimeout(() => (taken.push(chunk.toString()), done()), 10),
    });
    const terminal = new Terminal(new PassThrough(), slow, new Screen(false));
    terminal.print('x'.repeat(100_000));
    terminal.json({ end: true });
    await terminal.flush();
    expect(taken.join('')).toMatch(/^x{100000}\n\{\s+"end": true\s+\}\n$/);
  });

  it('shows nothing of a secret while it is typed, corrected ones too', async () => {
    const { keys, screen, terminal } = person();
    const answer = terminal.askSecret?.('Password: ');
    keys.write('geheimx');
    keys.write('\u007F!\r');
    expect(await answer).toBe('geheim!');
    expect(screen.text).toBe('Password: \n');
    expect(keys.modes).toEqual([true, false]);
  });

  it.each(['\u0003', 'abc\u0003'])('is put right again when %j ends the question', async (typed) => {
    const { keys, terminal } = person();
    const answer = terminal.askSecret?.('Password: ');
    keys.write(typed);
    await expect(answer).rejects.toBeInstanceOf(InterruptedError);
    expect(keys.modes).toEqual([true, false]);
  });

  it('asks nobody where nobody sits', () => {
    const terminal = new Terminal(new PassThrough(), new Screen(false), new Screen(false));
    expect([terminal.ask, terminal.askText, terminal.askSecret]).toEqual([undefined, undefined, undefined]);
  });

  it('colours a terminal that has colours, and nothing else', () => {
    const paint = (out: Screen): string => new Terminal(new PassThrough(), out, out).paint('up', 'green');
    expect(paint(new Screen(true))).toBe('\u001B[32mup\u001B[39m');
    expect([paint(new Screen(true, () => false)), paint(new Screen(false))]).toEqual(['up', 'up']);
  });
});
