import { videoOffer } from './whep-offer.js';

const OFFER = [
  'v=0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=rtpmap:111 opus/48000/2',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 102 104 108',
  'a=mid:1',
  'a=rtpmap:96 VP8/90000',
  'a=rtpmap:102 H264/90000',
  'a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f',
  'a=rtpmap:104 H264/90000',
  'a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=64001f',
  'a=rtpmap:108 H264/90000',
  'a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f',
].join('\r\n');

describe('the H.264 of an offer', () => {
  it('is that of the stream’s profile where it is offered, else the first', () => {
    expect(videoOffer(OFFER, '640028')).toMatchObject({ mid: '1', payloadType: 108 });
    expect(videoOffer(OFFER, '4d001f')).toMatchObject({ mid: '1', payloadType: 102 });
  });

  it('is missing in an offer without video, without H.264, and in garbage', () => {
    expect(videoOffer(OFFER.replaceAll('H264', 'VP9'), '640028')).toBeUndefined();
    expect(videoOffer(OFFER.slice(0, OFFER.indexOf('m=video')), '640028')).toBeUndefined();
    expect(videoOffer('\0garbage', '')).toBeUndefined();
  });
});
