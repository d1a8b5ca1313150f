import { columns, table } from './table.js';

const HEAD = [{ title: 'ID', whole: true }, { title: 'NAME' }, { title: 'REASON' }];

describe('a table', () => {
  it('lines its columns up by what a terminal shows, not by characters', () => {
    expect(
      table([
        ['東京', 'x'],
        ['Zürich', 'x'],
        ['a\u0308', 'x'],
      ]).split('\n'),
    ).toEqual(['東京    x', 'Zürich  x', 'a\u0308       x']);
  });

  it('shows what would steer the terminal as what it is', () => {
    expect(table([['\u001B[31mred\u001B[0m\r\n', 'a\u202Eb']])).toBe('�[31mred�[0m��  a�b');
  });

  it('is cut to the width of the terminal, but for what is copied', () => {
    const id = '0123456789-0123456789';
    const text = columns(HEAD, [[id, 'A site with a very long name', 'the line was cut']], { width: 50 });
    expect(text.split('\n').map((line) => line.length <= 50)).toEqual([true, true]);
    expect(text).toContain(id);
    expect(text).toContain('…');
  });

  it('gives up narrowing where nothing would be left to read', () => {
    const [, line = ''] = columns(HEAD, [['x'.repeat(36), 'a name of a site', 'a reason']], { width: 20 }).split('\n');
    expect(line).toBe(`${'x'.repeat(36)}  a name …  a reason`);
  });

  it('cuts nothing without a terminal', () => {
    const cells = ['x'.repeat(80), 'y'.repeat(200), 'z'.repeat(400)];
    expect(columns(HEAD, [cells]).split('\n')[1]).toBe(cells.join('  '));
  });

  it('pads before it paints', () => {
    const paint = (text: string, row: number): string => (row < 0 ? text : `<${text}>`);
    expect(columns([{ title: 'STATE' }, { title: 'X' }], [['up', '1']], { paint })).toBe('STATE  X\n<up   >  <1>');
  });
});
