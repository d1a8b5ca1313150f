import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkDiscovery, discoveryPlace } from './discovery.check.js';

const place = { isContainer: true, interfaces: ['172.17.0.2'], isBehindBridge: true };

describe('the check of WS-Discovery', () => {
  it.each([
    ['discovery-not-host-network', place],
    ['discovery-no-multicast', { ...place, interfaces: [] }],
    ['discovery-ok', { ...place, isBehindBridge: false }],
    ['discovery-ok', { ...place, isContainer: false }],
  ])('says %s, and asks for addresses where it cannot work', (code, where) => {
    const finding = checkDiscovery(where);
    expect(finding.code).toBe(code);
    if (code !== 'discovery-ok')
      expect(finding).toMatchObject({
        level: 'warning',
        advice: expect.stringContaining('onvif add ADDRESS') as string,
      });
  });

  it.each([
    [true, { lo: [1, 1], eth0: [12, 41] }],
    [false, { lo: [1, 1], eth0: [2, 2], veth1: [9, 4] }],
  ])('sees a bridge network (%s) by the pairs that its interfaces are', (isBehindBridge, interfaces) => {
    const root = mkdtempSync(join(tmpdir(), 'interfaces-'));
    for (const [name, [index, link]] of Object.entries(interfaces)) {
      mkdirSync(join(root, name));
      writeFileSync(join(root, name, 'ifindex'), `${index}\n`);
      writeFileSync(join(root, name, 'iflink'), `${link}\n`);
    }
    expect(discoveryPlace(true, root)).toMatchObject({ isContainer: true, isBehindBridge });
    rmSync(root, { recursive: true });
  });
});
