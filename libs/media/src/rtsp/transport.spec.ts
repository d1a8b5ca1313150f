import { grantedChannels, parseTransports } from './transport.js';

describe('a Transport header', () => {
  it.each([
    ['RTP/AVP;unicast;client_port=5000-5001', 'udp', 5000, 5001],
    ['RTP/AVP/UDP;unicast;client_port=5000-5001;mode="PLAY"', 'udp', 5000, 5001],
    ['rtp/avp;UNICAST;Client_Port=5000', 'udp', 5000, 5001],
    ['RTP/AVP;client_port=5000-5001', 'udp', 5000, 5001],
    ['RTP/AVP;unicast', 'udp', undefined, undefined],
    ['RTP/AVP;multicast', 'multicast', undefined, undefined],
    ['RTP/AVP/UDP;multicast;client_port=9000-9001', 'multicast', 9000, 9001],
    ['RTP/AVP', 'multicast', undefined, undefined],
    ['RTP/AVP/TCP;unicast;interleaved=4-5', 'tcp', 4, 5],
    ['RTP/AVP/TCP', 'tcp', undefined, undefined],
    ['RTP/AVP/TCP;interleaved=x', 'tcp', undefined, undefined],
    ['RTP/SAVP;unicast;client_port=5000-5001', 'other', undefined, undefined],
    ['RTP/AVP;unicast;client_port=5000-5001;mode=record', 'other', undefined, undefined],
    ['RAW/RAW/UDP;unicast;client_port=5000-5001', 'other', undefined, undefined],
  ])('%s is an offer of %s', (header, transport, rtp, rtcp) => {
    expect(parseTransports(header)).toEqual([{ transport, rtp, rtcp }]);
  });

  it('may hold several offers, the best one first', () => {
    const header = 'RTP/AVP;unicast;client_port=1-2, RTP/AVP;multicast,,RTP/AVP/TCP;interleaved=0-1';
    expect(parseTransports(header).map(({ transport }) => transport)).toEqual(['udp', 'multicast', 'tcp']);
    expect(parseTransports('')).toEqual([]);
  });

  it('grants channels only over TCP and only up to 255', () => {
    expect(grantedChannels('RTP/AVP/TCP;unicast;interleaved=254-255')).toEqual({ rtp: 254, rtcp: 255 });
    expect(grantedChannels('RTP/AVP/TCP;unicast;interleaved=255-256')).toBeUndefined();
    expect(grantedChannels('RTP/AVP;unicast;client_port=1-2')).toBeUndefined();
  });
});
