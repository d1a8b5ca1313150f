/** A ClientHello by its lengths alone, in records of at most `recordBytes` each. */
export const clientHello = (bodyBytes: number, recordBytes = 16_384): Buffer => {
  const message = Buffer.alloc(4 + bodyBytes);
  message.writeUInt32BE((1 << 24) | bodyBytes);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += recordBytes) {
    const payload = message.subarray(at, at + recordBytes);
    const header = Buffer.from([22, 3, 1, 0, 0]);
    header.writeUInt16BE(payload.length, 3);
    records.push(header, payload);
  }
  return Buffer.concat(records);
};
