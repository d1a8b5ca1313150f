import { readAck } from './player-ack.js';

describe('readAck', () => {
  it.each([0, 1, 9, 10, 4_294_967_295])('reads %d', (number) => {
    expect(readAck(Buffer.from(JSON.stringify({ ack: number })))).toBe(number);
  });

  it.each([
    '',
    '}',
    '{"ack":}',
    '{"ack":01}',
    '{"ack":-1}',
    '{"ack":1.5}',
    '{"ack":1e3}',
    '{"ack":4294967296}',
    '{"ack":99999999999}',
    '{"ack": 1}',
    '{"ack":1} ',
    '{"ack":1',
    '{"ack":"1"}',
    '{"ack":1,"ping":2}',
    '{"ping":1}',
    '{"acc":1}',
  ])('leaves %s to the schema', (text) => {
    expect(readAck(Buffer.from(text))).toBeUndefined();
  });
});
