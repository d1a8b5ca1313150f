import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Transaction, type TransactionOutcome } from '../transaction.js';
import type { JournalEvent } from './journal-event.js';
import { readJournal } from './journal-reader.js';
import { RevocationJournal } from './revocation-journal.js';

const revoked = (): JournalEvent => ({
  kind: 'agent-revoked',
  tenantId: randomUUID(),
  agentId: randomUUID(),
  keyfileId: null,
  serials: ['4a'],
  reason: 'stolen',
});

describe('the revocation journal', () => {
  let directory: string;
  let path: string;
  let journal: RevocationJournal;
  const failed: string[] = [];
  const open = (...paths: string[]) => RevocationJournal.open(paths, (copy) => void failed.push(copy));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'adit-journal-'));
    path = join(directory, 'issuer', 'revocation.journal');
    journal = await open(path);
    failed.length = 0;
  });
  afterEach(async () => {
    await journal.onApplicationShutdown().catch(() => undefined);
    await rm(directory, { recursive: true });
  });

  const record = async (event: JournalEvent, outcome?: TransactionOutcome, to = journal): Promise<void> => {
    const tx = new Transaction({} as never);
    await to.record(tx, event);
    if (outcome !== undefined) tx.end(outcome);
  };

  it('holds an event before its transaction ends, for its owner only', async () => {
    const event = revoked();
    await record(event);
    expect(await readJournal(path)).toMatchObject({ events: [event], inDoubt: 1, damaged: [] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('leaves out what was rolled back, and keeps what may have been committed', async () => {
    const [kept, lost] = [revoked(), revoked()];
    await record(kept, 'committed');
    await record(revoked(), 'rolled-back');
    await record(lost, 'unknown');
    await journal.onApplicationShutdown();
    expect(await readJournal(path)).toMatchObject({ events: [kept, lost], inDoubt: 1, damaged: [] });
  });

  it('goes on after a line that a crash has cut off', async () => {
    const [first, second] = [revoked(), revoked()];
    await record(first, 'committed');
    await journal.onApplicationShutdown();
    await appendFile(path, 'deadbeef {"n":"');
    expect(await readJournal(path)).toMatchObject({ events: [first], damaged: [] });
    journal = await open(path);
    await record(second, 'committed');
    expect(await readJournal(path)).toMatchObject({ events: [first, second], damaged: [] });
  });

  it('loses no event of many at once', async () => {
    const events = Array.from({ length: 200 }, revoked);
    await Promise.all(events.map((event) => record(event, 'committed')));
    await journal.onApplicationShutdown();
    expect(await readJournal(path)).toMatchObject({ inDoubt: 0, damaged: [] });
    expect((await readJournal(path))?.events).toHaveLength(200);
  });

  it('names the line that was changed, at every place of it', async () => {
    await record(revoked(), 'committed');
    await journal.onApplicationShutdown();
    const original = await readFile(path);
    const start = original.indexOf('\n') + 1;
    const end = original.indexOf('\n', start);
    for (let at = start; at < end; at += 7) {
      const changed = Buffer.from(original);
      changed[at] = changed[at] === 0x41 ? 0x42 : 0x41;
      await writeFile(path, changed);
      // The line after it misses it.
      expect((await readJournal(path))?.damaged).toEqual([`${path}:2`, `${path}:3`]);
    }
  });

  it('is damaged without its head, and not there when it is not there', async () => {
    await journal.onApplicationShutdown();
    await truncate(path, 0);
    expect((await readJournal(path))?.damaged).toEqual([`${path}:1`]);
    expect(await readJournal(join(directory, 'none'))).toBeUndefined();
  });

  it('misses a line that was taken out, and a copy that is older than another', async () => {
    for (let n = 0; n < 3; n++) await record(revoked(), 'committed');
    await journal.onApplicationShutdown();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    for (let gone = 1; gone < lines.length - 1; gone++) {
      await writeFile(path, `${lines.filter((_, index) => index !== gone).join('\n')}\n`);
      expect((await readJournal(path))?.damaged).toEqual([`${path}:${gone + 1}`]);
    }
    const older = join(directory, 'older');
    await writeFile(older, `${lines.slice(0, 3).join('\n')}\n`);
    await writeFile(path, `${lines.join('\n')}\n`);
    const [short, long] = [await readJournal(older), await readJournal(path)];
    expect(short).toMatchObject({ id: long?.id, damaged: [], sums: long?.sums.slice(0, 3) });
    expect(short?.sums).not.toContain(long?.sums.at(-1));
  });

  it('does not take an unlocking for granted whose end nobody noted', async () => {
    const { tenantId } = revoked();
    const agent = { tenantId, agentId: randomUUID() };
    const locked: JournalEvent = { kind: 'agent-locked', ...agent, reason: 'a drill' };
    await record(locked, 'unknown');
    await record({ kind: 'agent-unlocked', ...agent }, 'unknown');
    expect(await readJournal(path)).toMatchObject({ events: [locked], inDoubt: 2 });
  });

  describe('in several copies', () => {
    let second: string;
    let copies: RevocationJournal;
    beforeEach(async () => {
      second = join(directory, 'other', 'second');
      copies = await open(path, second);
    });
    afterEach(() => copies.onApplicationShutdown().catch(() => undefined));
    /** Its disk fails from here on. */
    const breakCopy = (at: number): Promise<void> => {
      const { files } = copies as unknown as { files: { file: { close: () => Promise<void> } }[] };
      return files[at]?.file.close() ?? Promise.resolve();
    };
    const reopen = async (): Promise<void> => {
      await copies.onApplicationShutdown().catch(() => undefined);
      copies = await open(path, second);
    };

    it('is the same in each, and needs one of them', async () => {
      const [both, one] = [revoked(), revoked()];
      await record(both, 'committed', copies);
      expect((await readJournal(second))?.id).toBe((await readJournal(path))?.id);
      await breakCopy(1);
      await record(one, 'unknown', copies);
      expect(failed).toContain(second);
      expect((await readJournal(second))?.events).toEqual([expect.objectContaining(both)]);
      expect((await readJournal(path, second))?.events).toEqual(
        [both, one].map((event) => expect.objectContaining(event)),
      );
      await breakCopy(0);
      await expect(record(one, undefined, copies)).rejects.toMatchObject({ code: 'unavailable' });
    });

    it('gives a copy at the next start what it has missed, and one that is new all of it', async () => {
      await breakCopy(1);
      for (let n = 0; n < 20; n++) await record(revoked(), 'committed', copies);
      await reopen();
      expect(await readFile(second, 'utf8')).toBe(await readFile(path, 'utf8'));
      await rm(second);
      await reopen();
      expect(await readFile(second, 'utf8')).toBe(await readFile(path, 'utf8'));
      await record(revoked(), 'committed', copies);
      expect(await readJournal(second)).toMatchObject({ damaged: [] });
    });

    it('is whole when each copy has missed something else', async () => {
      const events = Array.from({ length: 6 }, revoked);
      for (const event of events) await record(event, 'committed', copies);
      await copies.onApplicationShutdown();
      const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
      await writeFile(path, `${lines.filter((_, index) => index !== 3).join('\n')}\n`);
      await writeFile(second, `${lines.filter((_, index) => index !== 5).join('\n')}\n`);
      for (const copy of [path, second]) expect((await readJournal(copy))?.damaged).toHaveLength(1);
      expect(await readJournal(second, path)).toMatchObject({ events, damaged: [], inDoubt: 0 });
      await reopen();
      for (const copy of [path, second]) expect(await readJournal(copy)).toMatchObject({ events, damaged: [] });
    });

    it('puts a copy with changed lines aside, and makes it anew', async () => {
      await record(revoked(), 'committed', copies);
      await copies.onApplicationShutdown();
      await writeFile(second, (await readFile(second, 'utf8')).replace('stolen', 'st0len'));
      await reopen();
      expect(await readFile(second, 'utf8')).toBe(await readFile(path, 'utf8'));
      expect((await readdir(join(directory, 'other'))).filter((name) => name.includes('damaged-'))).toHaveLength(1);
    });

    it('goes on behind damage that no copy can mend, says so, and hides it from nobody', async () => {
      await record(revoked(), 'committed', copies);
      await copies.onApplicationShutdown();
      const changed = (await readFile(path, 'utf8')).replace('stolen', 'st0len');
      for (const copy of [path, second]) await writeFile(copy, changed);
      await reopen();
      expect(failed).toContain(`${path}:2`);
      await record(revoked(), 'committed', copies);
      expect((await readJournal(path, second))?.damaged).toContain(`${path}:2`);
    });

    it('is not begun when the files are different journals', async () => {
      const foreign = join(directory, 'foreign');
      await (await open(foreign)).onApplicationShutdown();
      await expect(open(path, foreign)).rejects.toThrow(/different revocation journals/);
      expect((await readJournal(path, foreign))?.id).toBe('');
    });

    it('may be written by the next process before the last one has gone', async () => {
      const next = await open(path, second);
      await Promise.all([...Array(50)].map((_, n) => record(revoked(), 'committed', n % 2 === 0 ? next : copies)));
      await next.onApplicationShutdown();
      await copies.onApplicationShutdown();
      const content = await readJournal(second);
      expect(content).toMatchObject({ damaged: [], inDoubt: 0 });
      expect(content?.events).toHaveLength(50);
    });
  });
});
