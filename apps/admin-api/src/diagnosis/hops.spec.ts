import { hopsOf, slowHopOf } from './hops.js';

const nothing = { brokerAgentMs: null, siteRedirectorMs: [], siteDeviceMs: null };

describe('the hops between a viewer and a device', () => {
  it('are null where nothing was measured, and none is slow', () => {
    const hops = hopsOf(nothing);
    expect(hops.map(({ name, ms }) => [name, ms])).toEqual([
      ['redirector-broker', null],
      ['broker-agent', null],
      ['site-device', null],
    ]);
    expect(slowHopOf(hops)).toBeNull();
    expect(hopsOf({ ...nothing, siteRedirectorMs: [50] })[0]?.ms).toBeNull();
  });

  it('take the tunnel off what the redirector measures through it', () => {
    expect(hopsOf({ ...nothing, brokerAgentMs: 40, siteRedirectorMs: [70, 45] })[0]?.ms).toBe(5);
    expect(hopsOf({ ...nothing, brokerAgentMs: 40, siteRedirectorMs: [39] })[0]?.ms).toBe(0);
  });

  it('name the one that is furthest beyond what is expected', () => {
    const slow = hopsOf({ brokerAgentMs: 400, siteRedirectorMs: [1_000], siteDeviceMs: 1_100 });
    expect(slowHopOf(slow)?.name).toBe('redirector-broker');
    expect(slowHopOf(hopsOf({ ...nothing, brokerAgentMs: 301 }))?.name).toBe('broker-agent');
    expect(slowHopOf(hopsOf({ ...nothing, brokerAgentMs: 300 }))).toBeNull();
  });
});
