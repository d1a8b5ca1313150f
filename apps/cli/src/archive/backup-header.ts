import { open } from 'node:fs/promises';
import { z } from 'zod';
import { CliError } from '../errors.js';

const FORMAT = 'adit-backup/1';
const MAX_BYTES = 16 * 1024;
const LINE_FEED = 0x0a;

const backupHeader = z.object({
  deployment: z.string(),
  takenAt: z.iso.datetime(),
  /** Of the program that took it. */
  version: z.string(),
  /** Names of the migrations that its schema has, oldest first. */
  migrations: z.array(z.string()),
  /** Where the revocation journal stood, with the sum of its last line; null: there was none. */
  journal: z.object({ id: z.string(), lines: z.int(), sum: z.string() }).nullable(),
});
export type BackupHeader = z.infer<typeof backupHeader>;

/** The first line of a backup, in the clear; its first encrypted part repeats it, which proves it. */
export const formatHeader = (header: BackupHeader): string => `${FORMAT} ${JSON.stringify(header)}\n`;

export interface ReadHeader {
  header: BackupHeader;
  text: string;
  /** Where the encrypted part begins. */
  bytes: number;
}

/** @throws CliError `backup-missing`, `backup-foreign` */
export async function readHeader(path: string): Promise<ReadHeader> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw new CliError('backup-missing', `cannot read ${path}`, undefined, { cause });
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    const end = buffer.subarray(0, bytesRead).indexOf(LINE_FEED);
    const text = buffer.subarray(0, end + 1).toString();
    if (end < 0 || !text.startsWith(`${FORMAT} `)) throw foreign(path);
    return { header: backupHeader.parse(JSON.parse(text.slice(FORMAT.length + 1))), text, bytes: end + 1 };
  } catch (cause) {
    throw cause instanceof CliError ? cause : foreign(path, cause);
  } finally {
    await file.close();
  }
}

const foreign = (path: string, cause?: unknown): CliError =>
  new CliError('backup-foreign', `${path} is no backup of this program`, undefined, { cause });
