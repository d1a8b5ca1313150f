import { lineWriter, readable } from './log-lines.mjs';

const record = (more: object): string =>
  JSON.stringify({ level: 'info', time: '2026-01-02T03:04:05.678Z', app: 'x', name: 'x', ...more });
const localTime = new Date('2026-01-02T03:04:05.678Z').toTimeString().slice(0, 8);

describe('a line of an app', () => {
  const write = (isTTY: boolean, line: string): string => {
    let text = '';
    lineWriter({ isTTY, write: (more: string) => (text += more) } as unknown as NodeJS.WriteStream)('federation', line);
    return text;
  };

  it('is time, level, message and members on a terminal', () => {
    const line = record({ siteLabel: 'hamburg', detail: 'no agent', count: 2, msg: 'no contact' });
    expect(readable(line)).toBe(`${localTime} info  no contact siteLabel=hamburg detail="no agent" count=2`);
    expect(write(true, line)).toMatch(/^\S+federation\s+\S+ \S+ info {2}no contact /);
  });

  it('names the correlation only when something went wrong, the tenant never', () => {
    const members = { tenantId: 't', correlationId: 'c', msg: 'request' };
    expect(readable(record(members))).toBe(`${localTime} info  request`);
    expect(readable(record({ ...members, level: 'error' }))).toBe(`${localTime} error request correlationId=c`);
  });

  it('stays as it is where there is no terminal, and when it is no record', () => {
    const line = record({ msg: 'ready' });
    expect(write(false, line)).toBe(`federation | ${line}\n`);
    for (const text of ['panic: no', '{"half":', '{"a":1}']) expect(readable(text)).toBe(text);
  });

  it('shows of an error its message', () => {
    expect(readable(record({ level: 'error', err: { message: 'gone', stack: 'x' }, msg: 'failed' }))).toBe(
      `${localTime} error failed err="gone"`,
    );
  });
});
