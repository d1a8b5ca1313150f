/** A slow and obvious decoder of whole frames, written from SPEC.md section 2 alone. */
export interface WireFrame {
  readonly type: number;
  readonly flags: number;
  readonly channel: number;
  readonly offset: number;
  readonly payload: string;
}

export function oracleDecode(bytes: Buffer): WireFrame[] {
  const frames: WireFrame[] = [];
  let rest = bytes;
  while (rest.length >= 18) {
    const view = new DataView(rest.buffer, rest.byteOffset, rest.length);
    const length = view.getUint32(14, false);
    if (rest.length < 18 + length) break;
    frames.push({
      type: view.getUint8(0),
      flags: view.getUint8(1),
      channel: view.getUint32(2, false),
      offset: Number(view.getBigUint64(6, false)),
      payload: rest.subarray(18, 18 + length).toString('hex'),
    });
    rest = rest.subarray(18 + length);
  }
  return frames;
}
