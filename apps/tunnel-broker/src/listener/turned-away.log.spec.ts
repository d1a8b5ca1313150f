import { TurnedAwayLog } from './turned-away.log.js';

describe('the log of who was turned away', () => {
  it('lists the first ones and counts the others, whatever the flood', () => {
    let now = 0;
    const lines: object[] = [];
    const log = new TurnedAwayLog({ info: (line: object) => void lines.push(line) }, () => now);
    for (let count = 0; count < 1_000; count++) log.note({ reason: 'not-tls', peerAddress: '192.0.2.1' });
    expect(lines).toHaveLength(20);
    now = 10_000;
    log.flush();
    expect(lines.at(-1)).toEqual({ reasons: { 'not-tls': 980 } });
    log.note({ reason: 'crowded' });
    expect(lines.at(-1)).toEqual({ reason: 'crowded' });
  });
});
