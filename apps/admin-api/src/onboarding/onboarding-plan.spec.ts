import { planOf, takenErrors } from './onboarding-plan.js';
import { readSheet } from './onboarding-sheet.js';
import { readBatch } from './onboarding-upload.js';

const plan = (text: string | Buffer) => planOf(readSheet(Buffer.from(text)));
const places = (text: string | Buffer) =>
  plan(text).errors.map(({ row, line, column, code }) => [row, line, column, code]);

describe('a batch of sites as CSV', () => {
  const rows = [
    { name: 'Köln, Süd', label: 'koeln' },
    { name: 'Say "Ahoi"', validForSeconds: 3600 },
  ];

  it.each([
    ['commas', 'name,label,validForSeconds\n"Köln, Süd",koeln,\n"Say ""Ahoi""",,3600\n'],
    [
      'semicolons, as Excel writes them here',
      'Name;Label;validforseconds\r\nKöln, Süd;koeln;\r\n"Say ""Ahoi""";;3600\r\n',
    ],
    ['tabs', 'name\tlabel\tvalidForSeconds\nKöln, Süd\tkoeln\n"Say ""Ahoi"""\t\t3600'],
    ['a byte order mark', '\ufeffname;label;validForSeconds\nKöln, Süd;koeln;\n"Say ""Ahoi""";;3600\n'],
    [
      'other columns first, empty lines and spaces',
      '\nvalidForSeconds,name,label\n\n,  "Köln, Süd" , koeln\n,,\n3600,"Say ""Ahoi""",\n\n',
    ],
  ])('is read with %s', (_what, text) => {
    expect(plan(text)).toEqual({ rows, errors: [] });
  });

  it('takes all that a site has, in columns', () => {
    const text = [
      'name;label;tags;address;latitude;longitude;notes;validForSeconds',
      'Hamburg;hh;region=north, tier=gold;Hafenstraße 1;53.55;-9.99;"two\nlines";60',
    ].join('\n');
    const [latitude, longitude] = [53.55, -9.99];
    const tags = { region: 'north', tier: 'gold' };
    const facts = { tags, address: 'Hafenstraße 1', latitude, longitude, notes: 'two\nlines' };
    expect(plan(text)).toEqual({ rows: [{ name: 'Hamburg', label: 'hh', validForSeconds: 60, ...facts }], errors: [] });
  });

  it('names what is wrong with facts of a site', () => {
    const text = [
      'name;tags;latitude;longitude;notes',
      'A;Region=north;;;',
      'B;critical;;;',
      'C;;53.5;;',
      'D;;91;9,99;',
      'E;;;;Right\u202eleft',
    ].join('\n');
    expect(places(text)).toEqual([
      [1, 2, 'tags', 'invalid'],
      [2, 3, 'tags', 'invalid'],
      [3, 4, 'longitude', 'missing'],
      [4, 5, 'latitude', 'invalid'],
      [4, 5, 'longitude', 'invalid'],
      [5, 6, 'notes', 'invalid'],
    ]);
  });

  it('names every error at once, by row, line and column', () => {
    const text = [
      'name;label;validForSeconds',
      'Good;good;',
      ';no-name;',
      'Bad label;Ümlaut;',
      '"Two',
      'lines";twice;59',
      'Twice;twice;3600',
      'Right\u202eleft;x;soon',
      'Many;m;60;cells;here',
    ].join('\n');
    expect(places(text)).toEqual([
      [2, 3, 'name', 'missing'],
      [3, 4, 'label', 'invalid'],
      [4, 6, 'name', 'invalid'],
      [4, 6, 'validForSeconds', 'invalid'],
      [5, 7, 'label', 'duplicate'],
      [6, 8, 'name', 'invalid'],
      [6, 8, 'validForSeconds', 'invalid'],
      [7, 9, '', 'malformed'],
    ]);
  });

  it.each([
    ['an unknown column', 'name,colour\nA,red\n', [[0, 1, 'colour', 'unknown']]],
    ['a column twice', 'name,Name\nA,B\n', [[0, 1, 'name', 'duplicate']]],
    ['no name', 'label\na\n', [[0, 1, 'name', 'missing']]],
    [
      'no header',
      'Hamburg\nBremen\n',
      [
        [0, 1, 'Hamburg', 'unknown'],
        [0, 1, 'name', 'missing'],
      ],
    ],
    ['no site', 'name\n', [[0, null, '', 'missing']]],
    ['nothing', ' \n', [[0, null, '', 'malformed']]],
    ['Windows-1252', Buffer.from('name\nK\xf6ln\n', 'latin1'), [[0, null, '', 'malformed']]],
    ['an open quote', 'name\n"Hamburg\n', [[0, null, '', 'malformed']]],
    ['more than a thousand sites', `name\n${'a\n'.repeat(1_001)}`, [[0, null, '', 'invalid']]],
    ['a cell without end', `name\n${'x'.repeat(30_000)}\n`, [[0, null, '', 'malformed']]],
  ])('with %s says so', (_what, text, errors) => {
    expect(places(text)).toEqual(errors);
  });

  it('tells which labels other sites have', () => {
    const sheet = readSheet(Buffer.from('name,label\nA,a\nB,b\n'));
    expect(takenErrors(sheet, new Set(['b', 'c']))).toMatchObject([
      { row: 2, line: 3, column: 'label', code: 'taken' },
    ]);
  });
});

describe('a batch of sites as JSON', () => {
  const batch = (body: unknown) => readBatch({ type: 'application/json', bytes: Buffer.from(JSON.stringify(body)) });

  it('is read, each wrong row named', () => {
    const { sheet } = batch({
      rows: [{ name: 'A' }, { name: 1 }, 'x', { name: 'B', tags: [] }, { name: 'C', label: 'c' }],
    });
    expect(planOf(sheet).errors.map(({ row, column, code }) => [row, column, code])).toEqual([
      [2, 'name', 'invalid'],
      [3, 'name', 'missing'],
      [4, 'tags', 'invalid'],
    ]);
  });

  it('may hold a CSV file and a passphrase', () => {
    const { sheet, passphrase } = batch({ csv: 'name\nA\n', passphrase: 'a long passphrase' });
    expect([planOf(sheet).rows, passphrase]).toEqual([[{ name: 'A' }], 'a long passphrase']);
  });

  it.each([
    [{}, '/rows'],
    [{ rows: [], csv: 'name' }, '/rows'],
    [{ rows: {} }, '/rows'],
    [{ csv: 1 }, '/csv'],
    [{ rows: [], other: 1 }, '/other'],
    [{ rows: [], passphrase: 'short' }, '/passphrase'],
  ])('is refused as %j', (body, pointer) => {
    expect(() => batch(body)).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        options: { fields: [expect.objectContaining({ pointer })] },
      }) as Error,
    );
  });
});
