import type { AccessUnit } from '../access-unit.js';
import { inspectorOf, nal } from '../rtp/nal-unit.js';
import { readRtp, writeRtp } from '../rtp/packet.js';
import type { Track } from '../stream-description.js';

/** Puts the description's parameter sets before a keyframe that comes without any; returns how many packets were added. */
export function injectParameterSets(unit: AccessUnit, track: Track): number {
  const inspect = inspectorOf(track.codec);
  if (!inspect || !unit.key || track.parameterSets.length === 0) return 0;
  for (const packet of unit.packets) {
    const header = readRtp(packet)!;
    if (inspect(packet.subarray(header.payloadStart, header.payloadEnd)) & nal.parameters) return 0;
  }
  const count = track.parameterSets.length;
  const first = readRtp(unit.packets[0])!;
  const added = track.parameterSets.map((set, index) =>
    writeRtp({ ...first, marker: false, sequence: first.sequence + index }, set),
  );
  for (const packet of unit.packets) packet.writeUInt16BE((packet.readUInt16BE(2) + count) & 0xffff, 2);
  unit.packets.unshift(...added);
  unit.bytes += added.reduce((sum, packet) => sum + packet.length, 0);
  return count;
}
