import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_ACTIONS } from '@app/contracts';

const ROOT = join(__dirname, '../..');
const SOURCES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'apps', 'libs'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'));

/** Of lines that tell an action, also by a choice of two. */
const TELLING = /^.*(?:\baction\b|\.audit\(|\.note\().*$/gm;
const ACTION = /'([a-z]+(?:-[a-z]+)*\.[a-z]+(?:-[a-z]+)*)'/g;
const actionsIn = (text: string): string[] =>
  [...text.matchAll(TELLING)].flatMap(([line]) => [...line.matchAll(ACTION)].map(([, action = '']) => action));

describe('the actions of the audit', () => {
  const known: readonly string[] = AUDIT_ACTIONS;

  it('are all in the list that webhooks choose from', () => {
    const used = SOURCES.flatMap((file) => actionsIn(readFileSync(join(ROOT, file), 'utf8')));
    expect(used.length).toBeGreaterThan(20);
    expect([...new Set(used)].filter((action) => !known.includes(action))).toEqual([]);
  });

  it('are each in docs/audit.md, and nothing else is', () => {
    const cells = [...readFileSync(join(ROOT, 'docs/audit.md'), 'utf8').matchAll(/^\| (`[^|]+) \|/gm)];
    const listed = cells.flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([a-z-]+\.[a-z-]+)`/g)].map(([, action]) => action),
    );
    expect(listed.toSorted()).toEqual(known.toSorted());
  });
});
