import { formatDescription, isCompatible, parseDescription } from './stream-description.js';

const camera = `v=0\r
o=- 1 1 IN IP4 10.0.0.9\r
s=Front door\r
c=IN IP4 0.0.0.0\r
a=control:rtsp://10.0.0.9/live\r
m=video 0 RTP/AVP 96\r
b=AS:4000\r
a=rtpmap:96 H264/90000\r
a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0IAKQ==,aM48gA==\r
a=ssrc:123 cname:x\r
a=control:track1\r
m=audio 0 RTP/AVP 0\r
a=control:track2\r
m=audio 0 RTP/AVP 8\r
a=sendonly\r
m=application 0 RTP/AVP 107\r
a=rtpmap:107 vnd.onvif.metadata/90000\r
m=video 0 UDP 33\r
`;

describe('stream descriptions', () => {
  it('read what a camera sends and leave out what is not for viewers', () => {
    const { name, control, tracks } = parseDescription(camera);
    expect([name, control]).toEqual(['Front door', 'rtsp://10.0.0.9/live']);
    expect(
      tracks.map((track) => [track.index, track.kind, track.codec, track.payloadType, track.clockRate, track.control]),
    ).toEqual([
      [0, 'video', 'H264', 96, 90_000, 'track1'],
      [1, 'audio', 'PCMU', 0, 8000, 'track2'],
      [2, 'application', 'VND.ONVIF.METADATA', 107, 90_000, ''],
    ]);
    expect(tracks[0].parameterSets.map((set) => set.toString('hex'))).toEqual(['67420029', '68ce3c80']);
  });

  it('written for viewers name no address of the camera and read back the same', () => {
    const description = parseDescription(camera);
    const text = formatDescription(description, '42');
    expect(text).not.toMatch(/10\.0\.0\.9|ssrc/);
    expect(text).toContain('b=AS:4000\r\na=rtpmap:96 H264/90000');
    const again = parseDescription(text);
    expect(again.tracks.map((track) => track.control)).toEqual(['trackID=0', 'trackID=1', 'trackID=2']);
    expect(isCompatible(description, again)).toBe(true);
  });

  it('read H.265 parameter sets in decoding order', () => {
    const text =
      'v=0\nm=video 0 RTP/AVP 98\na=rtpmap:98 H265/90000\na=fmtp:98 sprop-pps=RAE=; sprop-vps=QAE=;sprop-sps=QgE=\n';
    expect(parseDescription(text).tracks[0].parameterSets.map((set) => set[0] >> 1)).toEqual([32, 33, 34]);
  });

  it('are compatible with other parameter sets, but not with another codec', () => {
    const before = parseDescription(camera);
    expect(isCompatible(before, parseDescription(camera.replace('Z0IAKQ==', 'Z0IAKg==')))).toBe(true);
    expect(isCompatible(before, parseDescription(camera.replace('H264', 'H265')))).toBe(false);
  });

  it.each([
    ['no SDP', '<html>'],
    ['nothing', ''],
    ['too many media', `v=0\n${'m=audio 0 RTP/AVP 0\n'.repeat(17)}`],
  ])('refuse %s', (_title, text) => {
    expect(() => parseDescription(text)).toThrow(expect.objectContaining({ code: 'sdp-malformed' }));
  });
});
