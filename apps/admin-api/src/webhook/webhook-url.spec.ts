import { DomainError } from '@app/contracts';
import { checkUrl, urlRules } from './webhook-url.js';

const strict = urlRules({ ADIT_WEBHOOK_ALLOW_CIDRS: [], ADIT_DEMO: false });
const demo = urlRules({ ADIT_WEBHOOK_ALLOW_CIDRS: ['127.0.0.1/32', '10.1.0.0/16'], ADIT_DEMO: true });

const codeOf = (url: string, rules = strict): string => {
  try {
    checkUrl(url, rules);
    return 'taken';
  } catch (error) {
    return error instanceof DomainError ? error.code : String(error);
  }
};

describe('the URL of a webhook', () => {
  it.each([
    'https://hooks.example/a?b=c',
    'https://hooks.example:8443/',
    'https://198.41.0.4/',
    'https://bücher.example/',
  ])('%s is taken', (url) => {
    expect(codeOf(url)).toBe('taken');
  });

  it.each([
    'hooks.example',
    'http://hooks.example/',
    'http://127.0.0.1/',
    'http://localhost/',
    'ftp://hooks.example/',
    'file:///etc/passwd',
    'https://user:password@hooks.example/',
    'https://hooks.example/#part',
    'https://',
    `https://hooks.example/${'x'.repeat(2_000)}`,
    'https://hooks.example:99999/',
  ])('%s is no URL for one', (url) => {
    expect(codeOf(url)).toBe('invalid-request');
  });

  it.each([
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://10.0.0.1/',
    'https://203.0.113.7/',
    'https://192.168.1.1/',
    'https://172.16.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://255.255.255.255/',
    'https://224.0.0.1/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'https://[::127.0.0.1]/',
  ])('%s leads where none may go', (url) => {
    expect(codeOf(url)).toBe('address-not-allowed');
  });

  it('may be what the deployment allows, plain to loopback in a demo', () => {
    expect(codeOf('https://10.1.2.3/', demo)).toBe('taken');
    expect(codeOf('https://10.2.2.3/', demo)).toBe('address-not-allowed');
    expect(codeOf('http://127.0.0.1:8000/', demo)).toBe('taken');
    expect(codeOf('http://localhost:8000/', demo)).toBe('taken');
    expect(codeOf('http://127.0.0.2:8000/', demo)).toBe('address-not-allowed');
    expect(codeOf('http://10.1.2.3/', demo)).toBe('invalid-request');
  });
});
