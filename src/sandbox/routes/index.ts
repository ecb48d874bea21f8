import { actionRoutes } from './actions';
import { catalogRoutes } from './catalog';
import { cellRoutes } from './cells';
import { fileRoutes } from './files';
import { lineItemRoutes } from './line-items';
import { listRoutes } from './lists';
import { modelRoutes } from './models';
import { readRoutes } from './reads';
import type { Route } from './route';
import { timeRoutes } from './time';
import { userRoutes } from './users';
import { viewRoutes } from './views';

/** A path that fits an endpoint; without `route` the method does not fit. */
export interface Match {
  pattern: string;
  params: Record<string, string>;
  route?: Route;
}

/** Every endpoint of the API. */
export const ROUTES: readonly Route[] = [
  ...userRoutes,
  ...catalogRoutes,
  ...modelRoutes,
  ...viewRoutes,
  ...lineItemRoutes,
  ...cellRoutes,
  ...listRoutes,
  ...timeRoutes,
  ...fileRoutes,
  ...actionRoutes,
  ...readRoutes,
];

const TABLE = ROUTES.map((route) => ({ route, segments: route.pattern.split('/') }));

function fit(segments: readonly string[], asked: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== asked.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    const value = asked[i] ?? '';
    if (segment.startsWith('{')) params[segment.slice(1, -1)] = decode(value);
    else if (segment !== value) return undefined;
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The endpoint of a normalised path, if there is one. */
export function matchRoute(method: string, path: string): Match | undefined {
  const asked = path.split('/');
  let other: Match | undefined;
  for (const { route, segments } of TABLE) {
    const params = fit(segments, asked);
    if (params === undefined) continue;
    if (route.method === method) return { pattern: route.pattern, params, route };
    other ??= { pattern: route.pattern, params };
  }
  return other;
}
