import { audioOffer, videoOffer } from './whep-offer.js';

const OFFER = [
  'v=0',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111',
  'a=mid:0',
  'a=rtpmap:111 opus/48000/2',
  'a=fmtp:111 minptime=10;useinbandfec=1',
  'a=rtpmap:0 PCMU/8000',
  'a=rtpmap:8 PCMA/8000',
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

  it('has the constraints of the stream where several of its profile are offered', () => {
    const offer = OFFER.replace('profile-level-id=64001f\r\na=rtpmap:108', 'profile-level-id=640c1f\r\na=rtpmap:108');
    const both = offer.replace('packetization-mode=0', 'packetization-mode=1');
    expect(videoOffer(both, '640c28')?.payloadType).toBe(104);
    expect(videoOffer(both, '640028')?.payloadType).toBe(108);
  });

  it('is missing in an offer without video, without H.264, and in garbage', () => {
    expect(videoOffer(OFFER.replaceAll('H264', 'VP9'), '640028')).toBeUndefined();
    expect(videoOffer(OFFER.slice(0, OFFER.indexOf('m=video')), '640028')).toBeUndefined();
    expect(videoOffer('\0garbage', '')).toBeUndefined();
  });
});

describe('the sound of an offer', () => {
  it('is that of the camera’s codec', () => {
    expect(audioOffer(OFFER, 'OPUS')).toEqual({ mid: '0', payloadType: 111, format: 'minptime=10;useinbandfec=1' });
    expect(audioOffer(OFFER, 'PCMA')).toEqual({ mid: '0', payloadType: 8, format: '' });
    expect(audioOffer(OFFER, 'PCMU')?.payloadType).toBe(0);
  });

  it('is missing for AAC, in an offer without sound, and in garbage', () => {
    expect(audioOffer(OFFER, 'MPEG4-GENERIC')).toBeUndefined();
    expect(audioOffer(OFFER.slice(OFFER.indexOf('m=video')), 'OPUS')).toBeUndefined();
    expect(audioOffer('\0garbage', 'PCMA')).toBeUndefined();
  });
});
