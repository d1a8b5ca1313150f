import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNetworks } from './networks-file.js';

describe('the networks file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'adit-networks-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  const read = (text: string): ReturnType<typeof readNetworks> => {
    const path = join(dir, 'networks.yaml');
    writeFileSync(path, text);
    return readNetworks(path);
  };

  it('says what networks carry, and from which ports and groups', () => {
    const outlets = read(`
networks:
  - { name: control-room, cidr: 10.4.0.0/16, transport: multicast }
  - { name: servers, cidr: 10.5.0.0/16, transport: multicast }
  - { name: offices, cidr: 10.6.0.0/16, transport: udp }
routes:
  - { between: [servers, offices], transport: tcp }
udp: { ports: 40000-40999 }
multicast: { groups: 239.192.7.0/24, port: 5004, ttl: 4 }
`);
    expect(outlets?.networks.carries('10.5.0.1', '10.4.0.1')).toBe('multicast');
    expect(outlets?.networks.carries('10.5.0.1', '10.6.0.1')).toBe('tcp');
    expect(outlets?.unicast).toMatchObject({ first: 40_000, last: 40_999 });
    expect(outlets?.multicast?.options).toEqual({ groups: '239.192.7.0/24', port: 5004, ttl: 4 });
  });

  it('may be missing, and then everybody gets TCP', () => {
    expect(readNetworks(undefined)).toBeUndefined();
    expect(read('{}')?.networks.carries('10.5.0.1', '10.4.0.1')).toBe('tcp');
  });

  it.each([
    ['a setting that nobody knows', 'multicasts: {}', 'multicasts'],
    ['a range that is none', 'networks: [{ name: a, cidr: 10.0.0.0/99, transport: udp }]', '10.0.0.0/99'],
    [
      'a capability that is none',
      'networks: [{ name: a, cidr: 10.0.0.0/9, transport: pigeon }]',
      'networks.0.transport',
    ],
    ['a route to a network that is not there', 'routes: [{ between: [a, b], transport: tcp }]', 'not listed'],
    ['ports that are no pairs', 'udp: { ports: 40001-40002 }', '40001-40002'],
    ['groups that are none', 'multicast: { groups: 10.0.0.0/24, port: 5004 }', '10.0.0.0/24'],
    ['an odd port', 'multicast: { groups: 239.0.0.0/24, port: 5005 }', 'even'],
    ['no YAML', '{', 'ADIT_NETWORKS_FILE'],
    ['nothing', '', 'ADIT_NETWORKS_FILE'],
  ])('stops the start for %s and names it', (_title, text, named) => {
    expect(() => read(text)).toThrow(named);
  });

  it('stops the start when it is not there', () => {
    expect(() => readNetworks(join(dir, 'none.yaml'))).toThrow('none.yaml');
  });
});
