import { compact } from '../compact';
/** A proxy of the environment that cannot be used. The message names what is wrong and holds nothing of the value. */
export class ProxyError extends Error {
  override readonly name = 'ProxyError';

  /**
   * @param variable the environment variable as it is spelled, such as `HTTPS_PROXY`
   * @param reason what is wrong with it, in words that follow its name
   */
  constructor(
    readonly variable: string,
    readonly reason: string,
  ) {
    super(`The environment variable ${variable} ${reason}.`);
  }
}

/** Proxies by the scheme of what is asked for. */
export interface Proxies {
  httpProxy?: string;
  httpsProxy?: string;
}

const SCHEMES = ['http:', 'https:', 'socks5:', 'socks:'];
const EXAMPLE = 'such as http://proxy.example.com:8080 or http://USER:PASSWORD@proxy.example.com:8080';
/** What ends the part with user and host; a password that holds one is cut there. */
const ENDS_AUTHORITY = /[/?#\\\s]/;

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A user and password are escaped, or have nothing in them that would end them early. */
function checkUserInfo(variable: string, userInfo: string): void {
  const [found] = ENDS_AUTHORITY.exec(userInfo) ?? [];
  if (found !== undefined) {
    const shown = /\s/.test(found) ? 'a blank' : `"${found}"`;
    throw new ProxyError(
      variable,
      `has ${shown} in its user or password that is not escaped: write it as ${escaped(found)}`,
    );
  }
  if (/%(?![0-9a-f]{2})/i.test(userInfo))
    throw new ProxyError(variable, 'has "%" in its user or password that is not escaped: write it as %25');
  try {
    decodeURIComponent(userInfo);
  } catch {
    throw new ProxyError(variable, 'has an escape in its user or password that is not UTF-8');
  }
}

/**
 * A proxy as its variable gives it, as a URL. Like curl it takes `host:port` for an HTTP proxy.
 *
 * @throws ProxyError
 */
export function proxyUrl(variable: string, value: string): string {
  const text = value.trim();
  if (/^["'].*["']$/.test(text)) throw new ProxyError(variable, 'has quotes in its value: leave them out');
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):)?\/\/(.*)$/is.exec(text) ?? [, , text];
  const at = rest.lastIndexOf('@');
  if (at >= 0) checkUserInfo(variable, rest.slice(0, at));
  if (!SCHEMES.includes(`${scheme.toLowerCase()}:`))
    throw new ProxyError(
      variable,
      `names a proxy of the kind ${scheme}: give one that speaks HTTP, ${EXAMPLE}`,
    );
  let url: URL;
  try {
    url = new URL(`${scheme}://${rest}`);
  } catch {
    // The error of URL would carry the value, password included.
    throw new ProxyError(variable, `is not the URL of a proxy: give one ${EXAMPLE}`);
  }
  if (url.hostname === '') throw new ProxyError(variable, `names no host: give one ${EXAMPLE}`);
  return url.href;
}

/** The first variable that is set to something, in the order that curl asks them. */
function first(env: NodeJS.ProcessEnv, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== '') return proxyUrl(name, value);
  }
  return undefined;
}

/**
 * The proxies of the environment, in lower case before upper case. NO_PROXY is asked for each request.
 *
 * @throws ProxyError for a value that is no proxy, naming the variable and nothing of the value
 */
export function environmentProxies(env: NodeJS.ProcessEnv): Proxies {
  const httpProxy = first(env, ['http_proxy', 'HTTP_PROXY']);
  const httpsProxy = first(env, ['https_proxy', 'HTTPS_PROXY']);
  return {
    ...compact({ httpProxy, httpsProxy }),
  };
}
