/** A proxy of the environment is taken as curl takes it; what is no proxy is blamed on its variable, without its password. */
import { inspect } from 'node:util';
import { environmentProxies, ProxyError, proxyUrl } from '../../src/anaplan/http/proxy';

test.each([
  ['http://proxy:8080', 'http://proxy:8080/'],
  ['HTTP://Proxy.Example.com:8080/', 'http://proxy.example.com:8080/'],
  ['proxy:8080', 'http://proxy:8080/'],
  ['localhost:3128', 'http://localhost:3128/'],
  ['proxy.example.com', 'http://proxy.example.com/'],
  ['10.0.0.1:3128', 'http://10.0.0.1:3128/'],
  ['[::1]:3128', 'http://[::1]:3128/'],
  ['//proxy:8080', 'http://proxy:8080/'],
  ['pat:secret@proxy:8080', 'http://pat:secret@proxy:8080/'],
  ['https://proxy:8443', 'https://proxy:8443/'],
  ['socks5://proxy:1080', 'socks5://proxy:1080'],
  [' proxy:8080\n', 'http://proxy:8080/'],
  // The last @ ends the user info, so one more is no riddle.
  ['http://pat:s@cret@proxy:8080', 'http://pat:s%40cret@proxy:8080/'],
  ['http://pat:s%40cret@proxy:8080', 'http://pat:s%40cret@proxy:8080/'],
  ['http://pat:s:cret@proxy:8080', 'http://pat:s%3Acret@proxy:8080/'],
])('%j is %s', (value, url) => {
  expect(proxyUrl('HTTPS_PROXY', value)).toBe(url);
});

test.each([
  ['http://pat:sec/ret@proxy:8080', /has "\/" in its user or password that is not escaped: write it as %2F/],
  ['http://pat:12/34@proxy:8080', /write it as %2F/],
  ['http://pat:secret#1@proxy:8080', /has "#" .* write it as %23/],
  ['http://pat:secret?@proxy:8080', /has "\?" .* write it as %3F/],
  ['http://pat:sec\\ret@proxy:8080', /write it as %5C/],
  ['http://pat:sec ret@proxy:8080', /has a blank in its user or password .* write it as %20/],
  ['pat:sec/ret@proxy:8080', /write it as %2F/],
  ['http://pat:secret%@proxy:8080', /has "%" in its user or password that is not escaped: write it as %25/],
  ['http://pat:secret%zz@proxy:8080', /write it as %25/],
  ['http://pat:secret%ff@proxy:8080', /an escape in its user or password that is not UTF-8/],
  ['"http://pat:secret@proxy:8080"', /has quotes in its value/],
  ['http://pat:secret@proxy:99999', /is not the URL of a proxy/],
  ['http://pat:secret@:8080', /is not the URL of a proxy/],
  ['http://', /is not the URL of a proxy/],
  ['http://pat:secret@pro xy:8080', /is not the URL of a proxy/],
  ['socks4://pat:secret@proxy:1080', /names a proxy of the kind socks4: give one that speaks HTTP/],
  ['ftp://proxy', /of the kind ftp/],
  ['http:proxy:8080', /is not the URL of a proxy/],
])('%j is refused by its variable, and nothing of it is repeated', (value, message) => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy']) {
    try {
      environmentProxies({ [name]: value });
    } catch (error) {
      expect(error).toBeInstanceOf(ProxyError);
      expect((error as ProxyError).message).toMatch(message);
      expect((error as ProxyError).message).toContain(`The environment variable ${name} `);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/sec.?ret|12.34|pat:/);
      continue;
    }
    throw new Error('it was accepted');
  }
});

test('lower case wins, empty is not set, and each scheme has its own', () => {
  expect(environmentProxies({})).toEqual({});
  expect(environmentProxies({ HTTPS_PROXY: '', https_proxy: '' })).toEqual({});
  expect(environmentProxies({ https_proxy: '', HTTPS_PROXY: 'upper:1' })).toEqual({
    httpsProxy: 'http://upper:1/',
  });
  expect(
    environmentProxies({ https_proxy: 'lower:1', HTTPS_PROXY: 'upper:1', HTTP_PROXY: 'plain:2' }),
  ).toEqual({
    httpsProxy: 'http://lower:1/',
    httpProxy: 'http://plain:2/',
  });
});
