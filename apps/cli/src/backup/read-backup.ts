import { type ArchiveItem, readArchive } from '../archive/archive.js';
import { readHeader, type ReadHeader } from '../archive/backup-header.js';
import { asCliError, type OpeningKey, unsealed } from '../archive/backup-key.js';
import { CliError } from '../errors.js';

export interface BackupContents {
  files: { folder: string; path: string }[];
  tables: { name: string; rows: number }[];
}

/** A backup file whose head was read; what is encrypted is read as often as asked for. */
export class BackupFile {
  private constructor(
    readonly path: string,
    private readonly head: ReadHeader,
  ) {}

  /** @throws CliError `backup-missing`, `backup-foreign` */
  static async open(path: string): Promise<BackupFile> {
    return new BackupFile(path, await readHeader(path));
  }

  get header(): ReadHeader['header'] {
    return this.head.header;
  }

  /** Everything but the header, whose truth is checked here. @throws CliError `backup-wrong-key`, `backup-damaged` */
  async *items(key: OpeningKey): AsyncGenerator<Exclude<ArchiveItem, { kind: 'header' }>> {
    let isProven = false;
    try {
      for await (const item of readArchive(unsealed(this.path, this.head.bytes, key))) {
        if (item.kind === 'header') isProven = item.text === this.head.text;
        else if (!isProven) throw new CliError('backup-damaged', 'the head of the backup was changed');
        else yield item;
      }
    } catch (error) {
      throw asCliError(error);
    }
  }

  /** Reads all of it and changes nothing. @throws as `items` */
  async verify(key: OpeningKey, progress: (text: string) => void): Promise<BackupContents> {
    const contents: BackupContents = { files: [], tables: [] };
    for await (const item of this.items(key)) {
      if (item.kind === 'file') {
        contents.files.push(item.head);
        await linesOf(item.content);
      } else if (item.kind === 'table') {
        progress(`checking ${item.head.name}`);
        contents.tables.push({ name: item.head.name, rows: await linesOf(item.content) });
      }
    }
    return contents;
  }
}

/** PostgreSQL writes one line per row, and line feeds within a value as `\n`. */
async function linesOf(content: AsyncIterable<Buffer>): Promise<number> {
  let lines = 0;
  for await (const chunk of content) for (const byte of chunk) if (byte === 0x0a) lines += 1;
  return lines;
}
