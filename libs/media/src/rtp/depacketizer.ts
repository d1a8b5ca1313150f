/**
 * NAL units of one access unit, without start codes (RFC 6184 section 5, RFC 7798 section 4.4).
 * `payloads` are those of its RTP packets in order. What is cut short or out of place is left out.
 */
export function nalUnitsOf(codec: string, payloads: readonly Buffer[]): Buffer[] {
  const rule = codec === 'H265' ? h265Rule : h264Rule;
  const units: Buffer[] = [];
  let fragments: Buffer[] = [];
  for (const payload of payloads) {
    if (payload.length <= rule.headerBytes) continue;
    const type = rule.typeOf(payload);
    if (type === rule.aggregate) units.push(...aggregated(payload, rule.headerBytes));
    else if (type === rule.fragment) {
      const part = rule.fragmentOf(payload);
      if (part.starts) fragments = [part.header];
      if (fragments.length > 0) fragments.push(part.body);
      if (part.ends && fragments.length > 1) units.push(Buffer.concat(fragments));
      if (part.ends) fragments = [];
    } else if (type < rule.aggregate) units.push(payload);
  }
  return units;
}

interface Fragment {
  starts: boolean;
  ends: boolean;
  /** The header of the NAL unit that the fragments make up. */
  header: Buffer;
  body: Buffer;
}

interface Rule {
  headerBytes: number;
  aggregate: number;
  fragment: number;
  typeOf(payload: Buffer): number;
  fragmentOf(payload: Buffer): Fragment;
}

const h264Rule: Rule = {
  headerBytes: 1,
  aggregate: 24,
  fragment: 28,
  typeOf: (payload) => payload[0] & 0x1f,
  fragmentOf: (payload) => ({
    starts: (payload[1] & 0x80) !== 0,
    ends: (payload[1] & 0x40) !== 0,
    header: Buffer.from([(payload[0] & 0xe0) | (payload[1] & 0x1f)]),
    body: payload.subarray(2),
  }),
};

const h265Rule: Rule = {
  headerBytes: 2,
  aggregate: 48,
  fragment: 49,
  typeOf: (payload) => (payload[0] >> 1) & 0x3f,
  fragmentOf: (payload) => ({
    starts: (payload[2] & 0x80) !== 0,
    ends: (payload[2] & 0x40) !== 0,
    header: Buffer.from([(payload[0] & 0x81) | ((payload[2] & 0x3f) << 1), payload[1]]),
    body: payload.subarray(3),
  }),
};

function aggregated(payload: Buffer, start: number): Buffer[] {
  const units: Buffer[] = [];
  for (let at = start; at + 2 < payload.length;) {
    const end = at + 2 + payload.readUInt16BE(at);
    if (end > payload.length || end === at + 2) break;
    units.push(payload.subarray(at + 2, end));
    at = end;
  }
  return units;
}
