import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
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
      expect((await readJournal(path))?.damaged).toEqual([2]);
    }
  });

  it('is damaged without its head, and not there when it is not there', async () => {
    await journal.onApplicationShutdown();
    await truncate(path, 0);
    expect((await readJournal(path))?.damaged).toEqual([1]);
    expect(await readJournal(join(directory, 'none'))).toBeUndefined();
  });

  it('needs one of its copies, and says which one failed', async () => {
    const copies = await open(path, join(directory, 'second'));
    await (copies as unknown as { files: { file: { close: () => Promise<void> } }[] }).files[1]?.file.close();
    const event = revoked();
    await record(event, undefined, copies);
    expect(failed).toEqual([join(directory, 'second')]);
    expect((await readJournal(path))?.events).toEqual([expect.objectContaining(event)]);
    await copies.onApplicationShutdown().catch(() => undefined);
    await expect(record(event, undefined, copies)).rejects.toMatchObject({ code: 'unavailable' });
  });
});
