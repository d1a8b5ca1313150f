import type { AccessUnit } from '../access-unit.js';

const encoded = new WeakMap<AccessUnit, Map<number, Buffer>>();

/** A unit as interleaved frames of one channel. The buffer is shared by all viewers with that channel. */
export function interleave(unit: AccessUnit, channel: number): Buffer {
  let byChannel = encoded.get(unit);
  if (!byChannel) encoded.set(unit, (byChannel = new Map()));
  const existing = byChannel.get(channel);
  if (existing) return existing;
  const data = Buffer.allocUnsafe(unit.bytes + unit.packets.length * 4);
  let at = 0;
  for (const packet of unit.packets) {
    data[at] = 0x24;
    data[at + 1] = channel;
    data.writeUInt16BE(packet.length, at + 2);
    packet.copy(data, at + 4);
    at += 4 + packet.length;
  }
  byChannel.set(channel, data);
  return data;
}

/** A copy of interleaved frames with every sequence number lowered by `missing`, so that a cut viewer sees no loss. */
export function renumber(frames: Buffer, missing: number): Buffer {
  const copy = Buffer.from(frames);
  for (let at = 0; at < copy.length; at += 4 + copy.readUInt16BE(at + 2)) {
    copy.writeUInt16BE((copy.readUInt16BE(at + 6) - missing) & 0xffff, at + 6);
  }
  return copy;
}
