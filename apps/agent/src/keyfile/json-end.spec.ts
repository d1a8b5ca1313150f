import { isCompleteJson } from './json-end.js';

it.each([
  ['', false],
  ['{', false],
  ['{"a": "}"', false],
  ['{"a": "\\"}"', false],
  ['{"a": {"b": 1}', false],
  ['{"a": {"b": 1}}', true],
  ['\n{"a": "{\\\\"}\n', true],
])('%s is complete: %s', (text, expected) => {
  expect(isCompleteJson(text)).toBe(expected);
});
