import { redacted } from './redact.js';

describe('what goes into a bundle', () => {
  it('keeps what helps', () => {
    const site = {
      id: 'x',
      name: 'Hamburg',
      tunnel: { state: 'up', since: null },
      tags: { region: 'north' },
      count: 3,
    };
    expect(redacted([site])).toEqual([site]);
    expect(redacted({ ticketId: 'a', tokenId: 'b', hasPassword: true, passwordSetAt: null })).toEqual({
      ticketId: 'a',
      tokenId: 'b',
      hasPassword: true,
      passwordSetAt: null,
    });
  });

  it.each([
    ['password', 'hunter2'],
    ['claimToken', 'abc'],
    ['passphrase', { inner: 'abc' }],
    ['clientSecret', ['abc']],
    ['privateKey', 'abc'],
    ['api_key', 'abc'],
    ['notes', 'the code of the door is 4711'],
  ])('hides the member %s', (name, value) => {
    expect(redacted({ deep: [{ [name]: value }] })).toEqual({ deep: [{ [name]: '[hidden]' }] });
  });

  it.each([
    ['-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----', '[hidden]'],
    ['x -----BEGIN PRIVATE KEY-----\nabc', 'x [hidden]'],
    ['got eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl', 'got [hidden]'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [hidden]'],
    ['rtsp://viewer:secret@192.0.2.1/cam', 'rtsp://[hidden]@192.0.2.1/cam'],
    ['rtsp://host/a?ticket=abc&usage=live', 'rtsp://host/a?ticket=[hidden]&usage=live'],
  ])('hides what opens something in %j', (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });
});
