import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from './process-lock.mjs';

describe('the lock of a process', () => {
  let dir: string;
  let file: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'adit-lock-'));
    file = join(dir, 'lock');
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('is taken once, names its holder, and is free again after its release', () => {
    const lock = takeLock(file);
    expect(readFileSync(file, 'utf8')).toMatch(new RegExp(`^${process.pid} \\d+$`));
    if ('pid' in lock) throw new Error('the lock was free');
    lock.release();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('is refused while its holder lives', () => {
    const stat = readFileSync('/proc/1/stat', 'utf8');
    writeFileSync(file, `1 ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`);
    expect(takeLock(file)).toEqual({ pid: 1 });
  });

  it.each([
    ['a process that is gone', '4194303 12'],
    ['a pid that is in use again', '1 1'],
    ['a file that was cut off', ''],
  ])('is taken over from %s', (_case, content) => {
    writeFileSync(file, content);
    const lock = takeLock(file);
    expect('release' in lock && existsSync(file)).toBe(true);
  });

  it('does not give back the lock of a successor', () => {
    const lock = takeLock(file);
    writeFileSync(file, '1 1');
    if ('release' in lock) lock.release();
    expect(readFileSync(file, 'utf8')).toBe('1 1');
  });
});
