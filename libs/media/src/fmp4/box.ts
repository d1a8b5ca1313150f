/** A box of ISO/IEC 14496-12 section 4.2. */
export function box(type: string, ...parts: readonly (Buffer | readonly Buffer[])[]): Buffer {
  const flat = parts.flat();
  const header = Buffer.alloc(8);
  header.writeUInt32BE(
    flat.reduce((sum, part) => sum + part.length, 8),
    0,
  );
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, ...flat]);
}

/** A box with version and flags. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Buffer[]): Buffer {
  return box(type, u32(version * 2 ** 24 + flags), ...parts);
}

export function u8(...values: number[]): Buffer {
  return Buffer.from(values);
}

export function u16(...values: number[]): Buffer {
  const data = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => data.writeUInt16BE(value, index * 2));
  return data;
}

export function u32(...values: number[]): Buffer {
  const data = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => data.writeUInt32BE(value, index * 4));
  return data;
}

export function zeros(count: number): Buffer {
  return Buffer.alloc(count);
}
