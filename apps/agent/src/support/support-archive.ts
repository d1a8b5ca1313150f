import { writePrivateFile } from '@app/pki';
import { open, rm } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ZipFile } from 'yazl';
import { AgentError, errnoOf } from '../errors.js';

const OPTIONS = { compress: true, mode: 0o100600 };

/** A ZIP file of texts by their names. */
export const zipOf = async (files: ReadonlyMap<string, string>): Promise<Buffer> => {
  const zip = new ZipFile();
  for (const [name, text] of files) zip.addBuffer(Buffer.from(text), name, OPTIONS);
  zip.end();
  return await buffer(zip.outputStream);
};

/** For its owner only. @throws AgentError `support-file-exists` unless `force`, `support-file-unwritable` */
export const writeArchive = async (path: string, content: Buffer, force: boolean): Promise<void> => {
  try {
    if (force) await writePrivateFile(path, content);
    else await writeNew(path, content);
  } catch (cause) {
    const code = errnoOf(cause) ?? 'unknown reason';
    if (code === 'EEXIST') {
      throw new AgentError(
        'support-file-exists',
        `${path} is there already`,
        'Name another file with -o, or give --force',
      );
    }
    const advice = 'Name a file where this user may write, with -o';
    throw new AgentError('support-file-unwritable', `${path} cannot be written: ${code}`, advice, { cause });
  }
};

const writeNew = async (path: string, content: Buffer): Promise<void> => {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(content);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
};
