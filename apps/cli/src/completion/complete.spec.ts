import { COMMANDS } from '../program/registry.js';
import { complete, type Names } from './complete.js';
import { wordsOf } from './words.js';

const NAMES: Names = {
  sites: () => Promise.resolve(['berlin', 'bonn', 'hamburg']),
  cameras: () => Promise.resolve(['berlin/gate']),
  operators: () => Promise.resolve(['jana']),
  contexts: () => Promise.resolve(['default', 'test']),
};

const at = (line: string): Promise<string[]> => complete(wordsOf(line).slice(1), COMMANDS, NAMES);

describe('completion', () => {
  it.each([
    ['adit tun', ['tunnel']],
    ['adit tunnel ', ['list', 'disconnect', 'watch']],
    ['adit tunnel list --d', ['--down']],
    ['adit tunnel list --down --d', []],
    ['adit site show b', ['berlin', 'bonn']],
    ['adit site show berlin ', []],
    ['adit stream url ', ['berlin/gate']],
    ['adit stream url berlin/gate --usage lo', ['low-res']],
    ['adit site list --context t', ['test']],
    ['adit keyfile issue --valid-for 7d h', ['hamburg']],
    ['adit keyfile issue hamburg --output ', [':file']],
    ['adit audit verify --file audit.n', [':file']],
    ['adit operator create x --role viewer --role s', ['security-officer']],
    ['adit completion f', ['fish']],
    ['adit bogus ', []],
    ['adit -', ['--help', '--version']],
  ])('%s', async (line, found) => expect(await at(line)).toEqual(found));

  it('begins with every command, and hides what is not for people', async () => {
    const words = await at('adit ');
    expect(words).toEqual(expect.arrayContaining(['login', 'site', 'backup', 'completion', 'help']));
    expect(words).not.toContain('__complete');
  });
});

it.each([
  ["adit site show 'Hamburg S", ['adit', 'site', 'show', 'Hamburg S']],
  ['adit site show Hamburg\\ S', ['adit', 'site', 'show', 'Hamburg S']],
  ['adit  "a b" ', ['adit', 'a b', '']],
  ["adit '' ", ['adit', '', '']],
  ['adit "it\\"s', ['adit', 'it"s']],
])('the words of %s', (line, words) => expect(wordsOf(line)).toEqual(words));
