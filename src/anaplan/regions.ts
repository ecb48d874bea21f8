/** The hosts of one Anaplan region. */
export interface RegionUrls {
  /** Base of the Integration API; `/2/0` is appended by the client. */
  apiUrl: string;
  /** Base of the authentication service. */
  authUrl: string;
  /** Base of the application and of OAuth 2. */
  appUrl: string;
}

const regional = (code: string): RegionUrls => ({
  apiUrl: `https://${code}.api.anaplan.com`,
  authUrl: `https://${code}.auth.anaplan.com`,
  appUrl: `https://${code}.app.anaplan.com`,
});

const AU1: RegionUrls = {
  apiUrl: 'https://au1a.api2.anaplan.com',
  // Authentication and OAuth share one host in this region (anaplan-api: "Authentication service").
  authUrl: 'https://au1a.app2.anaplan.com',
  appUrl: 'https://au1a.app2.anaplan.com',
};

/**
 * The known regions by name (anaplan-api: "Authentication service"). `us1` is the default and serves
 * most tenants. A region that is missing here is reached by giving the URLs themselves.
 */
export const REGIONS: Readonly<Record<string, RegionUrls>> = {
  us1: {
    apiUrl: 'https://api.anaplan.com',
    authUrl: 'https://auth.anaplan.com',
    appUrl: 'https://us1a.app.anaplan.com',
  },
  us9: regional('us9'),
  eu3: regional('eu3'),
  eu5: regional('eu5'),
  gb1: regional('gb1'),
  ca1a: regional('ca1a'),
  sg1: regional('sg1'),
  ae1: regional('ae1'),
  in1: regional('in1'),
  id1: regional('id1'),
  me1: regional('me1'),
  au1a: AU1,
};

const ALIASES: Readonly<Record<string, string>> = { au1: 'au1a', ca1: 'ca1a', us1a: 'us1' };

/**
 * The hosts of a region.
 * @param name - a key of {@link REGIONS}, upper or lower case; `us1` when absent
 * @throws Error listing the known names
 */
export function regionUrls(name = 'us1'): RegionUrls {
  const key = name.trim().toLowerCase();
  const known = ALIASES[key] ?? key;
  const urls = Object.hasOwn(REGIONS, known) ? REGIONS[known] : undefined;
  if (urls === undefined) {
    throw new Error(
      `Unknown Anaplan region "${name}". Known regions: ${Object.keys(REGIONS).join(', ')}. ` +
        'For another one give the API and authentication URLs themselves.',
    );
  }
  return urls;
}
