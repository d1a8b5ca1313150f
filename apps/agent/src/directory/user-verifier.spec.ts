import { parseBasicCredentials } from './user-verifier.js';

const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('parseBasicCredentials', () => {
  it('reads a name and a password that may hold colons and any letter', () => {
    expect(parseBasicCredentials(header('host:a:b'))).toEqual({ username: 'host', password: 'a:b' });
    expect(parseBasicCredentials(header('zürich:ñ'))).toEqual({ username: 'zürich', password: 'ñ' });
    expect(parseBasicCredentials(header('host:').replace('Basic', 'basic'))).toEqual({
      username: 'host',
      password: '',
    });
  });

  it.each([
    null,
    '',
    'Bearer abc',
    'Basic',
    'Basic ***',
    header('nocolon'),
    header(':nameless'),
    header(`a:${'x'.repeat(2_000)}`),
  ])('reads nothing from %j', (text) => {
    expect(parseBasicCredentials(text)).toBeUndefined();
  });
});
