import { parseDescription } from '../stream-description.js';
import { formatRtpInfo, parseRtpInfo } from './rtp-info.js';

const { tracks } = parseDescription(
  'v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:rtsp://h/r/video\nm=audio 0 RTP/AVP 0\na=control:rtsp://h/r/audio\n',
);

describe('RTP-Info', () => {
  it.each([
    [
      'url=rtsp://h/r/video;seq=1;rtptime=2,url=rtsp://h/r/audio;rtptime=4;seq=3',
      [
        [0, 1, 2],
        [1, 3, 4],
      ],
    ],
    ['url=audio;seq=7', [[1, 7, undefined]]],
    [
      'url="rtsp://other/a";seq=1,url=;seq=2',
      [
        [0, 1, undefined],
        [1, 2, undefined],
      ],
    ],
    ['url=rtsp://other/a;seq=1', []],
    ['url=video;seq=12345678901', [[0, undefined, undefined]]],
    [undefined, []],
  ])('is read from %j', (value, expected) => {
    const starts = parseRtpInfo(value, tracks);
    expect(starts.map(({ track, sequence, timestamp }) => [track, sequence, timestamp])).toEqual(expected);
  });

  it('is written with our own URLs', () => {
    const starts = parseRtpInfo('url=video;seq=1;rtptime=2,url=audio;seq=3', tracks);
    expect(formatRtpInfo(starts, 'rtsp://c/s/')).toBe(
      'url=rtsp://c/s/trackID=0;seq=1;rtptime=2,url=rtsp://c/s/trackID=1;seq=3',
    );
    expect(formatRtpInfo([], 'rtsp://c/s/')).toBeUndefined();
  });
});
