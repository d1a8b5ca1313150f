import { setTimeout as delay } from 'node:timers/promises';
import { Turnstile } from './turnstile.js';

describe('a turnstile', () => {
  /** Work that ends when it is told to. */
  const open = (): { work: () => Promise<string>; started: () => boolean; end: (answer: string) => void } => {
    let isStarted = false;
    let end: (answer: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => {
      end = resolve;
    });
    const work = (): Promise<string> => {
      isStarted = true;
      return ended;
    };
    return { work, started: () => isStarted, end };
  };
  const turns = (): Promise<void> => delay(1);

  it('lets as many in as it has places, the next when one has left, in their order', async () => {
    const turnstile = new Turnstile(2);
    const works = [open(), open(), open(), open()];
    const passed = works.map(({ work }) => turnstile.pass(work));
    await turns();
    expect(works.map(({ started }) => started())).toEqual([true, true, false, false]);
    works[1]?.end('second');
    expect(await passed[1]).toBe('second');
    await turns();
    expect(works.map(({ started }) => started())).toEqual([true, true, true, false]);
    for (const { end } of works) end('over');
    await Promise.all(passed);
    expect(works[3]?.started()).toBe(true);
  });

  it('gives the place of work that failed on', async () => {
    const turnstile = new Turnstile(1);
    await expect(turnstile.pass(() => Promise.reject(new Error('no route')))).rejects.toThrow('no route');
    expect(await turnstile.pass(() => Promise.resolve('in'))).toBe('in');
  });

  it('lets the next in when the work takes longer than a place is held, and gives no place twice', async () => {
    const turnstile = new Turnstile(1);
    const slow = open();
    const [second, third] = [open(), open()];
    const passed = turnstile.pass(slow.work, { holdMs: 20 });
    const following = [turnstile.pass(second.work), turnstile.pass(third.work)];
    await delay(60);
    expect(second.started()).toBe(true);
    slow.end('late');
    expect(await passed).toBe('late');
    await turns();
    expect(third.started()).toBe(false);
    second.end('over');
    third.end('over');
    await Promise.all(following);
  });

  it('forgets who gives up waiting, and never starts its work', async () => {
    const turnstile = new Turnstile(1);
    const [first, second, third] = [open(), open(), open()];
    const giving = new AbortController();
    const passed = turnstile.pass(first.work);
    const given = turnstile.pass(second.work, { signal: giving.signal });
    const following = turnstile.pass(third.work);
    giving.abort(new Error('closed'));
    await expect(given).rejects.toThrow('closed');
    first.end('over');
    third.end('over');
    expect([await passed, await following]).toEqual(['over', 'over']);
    expect(second.started()).toBe(false);
  });

  it('refuses at once who has given up already, with places free', async () => {
    const { work, started } = open();
    const signal = AbortSignal.abort(new Error('closed'));
    await expect(new Turnstile(1).pass(work, { signal })).rejects.toThrow('closed');
    expect(started()).toBe(false);
  });
});
