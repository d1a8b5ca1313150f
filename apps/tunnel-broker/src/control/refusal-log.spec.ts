import type { LiveSession } from '../tunnel/session-registry.js';
import { RefusalLog } from './refusal-log.js';

const session = (id: string): LiveSession => ({ id, agentId: `agent of ${id}` }) as LiveSession;

describe('RefusalLog', () => {
  it('has a few lines of each session in a minute, and the number of the others with the next one', () => {
    let nowMs = 0;
    const lines: object[] = [];
    const log = new RefusalLog({ info: (line: object) => void lines.push(line) }, () => nowMs);
    const [one, other] = [session('one'), session('other')];
    for (let asked = 0; asked < 1_000; asked += 1) log.note(one, 'rate-limited');
    log.note(other, 'invalid-request');
    const ofOne = { sessionId: 'one', agentId: 'agent of one', code: 'rate-limited' };
    expect(lines).toEqual([
      ...Array<object>(5).fill(ofOne),
      { sessionId: 'other', agentId: 'agent of other', code: 'invalid-request' },
    ]);
    nowMs = 60_000;
    for (let asked = 0; asked < 2; asked += 1) log.note(one, 'rate-limited');
    expect(lines.slice(6)).toEqual([{ ...ofOne, unlisted: 995 }, ofOne]);
  });
});
