import { createHash, randomBytes } from 'node:crypto';
import { type ArchiveItem, readArchive, writeArchive } from './archive.js';
import { decodeFrames, encodeFrame, FRAME_KINDS, FRAME_MAX_BYTES, FrameError } from './frame.js';

async function* parts(...chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

const cut = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );

const collect = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Jest compares buffers number by number. */
const sum = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

const big = randomBytes(FRAME_MAX_BYTES + 5);

async function* items(): AsyncGenerator<ArchiveItem> {
  yield { kind: 'header', text: 'head\n' };
  yield { kind: 'file', head: { folder: 'ca', path: 'root.key' }, content: parts(Buffer.from('key')) };
  yield { kind: 'file', head: { folder: 'ca', path: 'empty' }, content: parts() };
  yield { kind: 'table', head: { name: 'site', columns: ['id'] }, content: parts(big, Buffer.from('row\n')) };
  yield { kind: 'sequences', sequences: [{ name: 'seq', last: '7', called: true }] };
}

const readBack = async (chunks: Buffer[]): Promise<unknown[]> => {
  const read: unknown[] = [];
  for await (const item of readArchive(parts(...chunks))) {
    read.push('content' in item ? { ...item, content: sum(await collect(item.content)) } : item);
  }
  return read;
};

describe('frames', () => {
  it('have the numbers that backups of yesterday were written with', () => {
    expect(FRAME_KINDS).toEqual(['header', 'file', 'table', 'data', 'end', 'sequences', 'finish']);
    expect(encodeFrame({ kind: 'data', body: Buffer.from('ab') }).toString('hex')).toBe('03000000026162');
  });

  it.each([
    ['of an unknown kind', '0900000000'],
    ['over the limit', '0300040001'],
    ['that is cut off', '030000000261'],
    ['without its head', '0300'],
  ])('%s are refused', async (_name, hex) => {
    const reading = (async () => {
      for await (const _ of decodeFrames(parts(Buffer.from(hex, 'hex')))) continue;
    })();
    await expect(reading).rejects.toBeInstanceOf(FrameError);
  });
});

describe('an archive', () => {
  let bytes: Buffer;

  beforeAll(async () => {
    bytes = await collect(writeArchive(items()));
  });

  it.each([1 << 22, 65_536, 4_093])('is read as it was written, in chunks of %i bytes', async (size) => {
    expect(await readBack(cut(bytes, size))).toEqual([
      { kind: 'header', text: 'head\n' },
      { kind: 'file', head: { folder: 'ca', path: 'root.key' }, content: sum(Buffer.from('key')) },
      { kind: 'file', head: { folder: 'ca', path: 'empty' }, content: sum(Buffer.alloc(0)) },
      {
        kind: 'table',
        head: { name: 'site', columns: ['id'] },
        content: sum(Buffer.concat([big, Buffer.from('row\n')])),
      },
      { kind: 'sequences', sequences: [{ name: 'seq', last: '7', called: true }] },
    ]);
  });

  it('is refused wherever it is cut off, and with anything behind its end', async () => {
    const ends = [0, 3, 9, 40, bytes.length - 300, bytes.length - 20, bytes.length - 1];
    for (const end of ends) await expect(readBack([bytes.subarray(0, end)])).rejects.toBeInstanceOf(FrameError);
    const more = encodeFrame({ kind: 'header', body: Buffer.from('x') });
    await expect(readBack([bytes, more])).rejects.toBeInstanceOf(FrameError);
  });

  it('is refused when content was changed', async () => {
    const changed = Buffer.from(bytes);
    const at = changed.indexOf('row\n');
    changed.write('raw', at);
    await expect(readBack([changed])).rejects.toThrow('content was changed');
  });
});
