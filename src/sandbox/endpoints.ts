import type { Mark } from './behaviours';
import { ROUTES } from './routes';

/** An endpoint of the sandbox, and how sure it is that Anaplan answers it so. */
export interface Endpoint {
  method: string;
  /** Below `/2/0`, with or without `/workspaces/{w}` before `/models/{m}`. */
  pattern: string;
  mark: Mark;
}

/** Their answers are in a public record of real tenants. */
const VERIFIED = new Set([
  'GET /users/me',
  'GET /users/{u}',
  'GET /users',
  'GET /workspaces',
  'GET /workspaces/{w}/models',
  'POST /workspaces/{w}/bulkDeleteModels',
  'GET /models',
  'GET /models/{m}',
  'GET /models/{m}/status',
  'GET /models/{m}/modules',
  'GET /models/{m}/modules/{module}/lineItems',
  'GET /models/{m}/modules/{module}/views',
  'GET /models/{m}/views',
  'GET /models/{m}/views/{v}',
  'GET /models/{m}/views/{v}/data',
  'GET /models/{m}/views/{v}/dimensions/{d}/items',
  'GET /models/{m}/lineItems',
  'GET /models/{m}/lineItems/{li}/dimensions',
  'GET /models/{m}/lineItems/{li}/dimensions/{d}/items',
  'GET /models/{m}/dimensions/{d}/items',
  'GET /models/{m}/lists',
  'GET /models/{m}/lists/{l}',
  'GET /models/{m}/lists/{l}/items',
  'POST /models/{m}/lists/{l}/items',
  'PUT /models/{m}/lists/{l}/items',
  'GET /models/{m}/versions',
  'GET /models/{m}/currentPeriod',
  'PUT /models/{m}/currentPeriod',
  'GET /models/{m}/modelCalendar',
  'POST /models/{m}/views/{o}/readRequests',
  'GET /models/{m}/views/{o}/readRequests/{r}',
  'GET /models/{m}/views/{o}/readRequests/{r}/pages/{p}',
  'DELETE /models/{m}/views/{o}/readRequests/{r}',
  'GET /models/{m}/files',
  'GET /models/{m}/files/{f}',
  'PUT /models/{m}/files/{f}',
  'DELETE /models/{m}/files/{f}',
  'POST /models/{m}/files/{f}',
  'PUT /models/{m}/files/{f}/chunks/{i}',
  'GET /models/{m}/files/{f}/chunks',
  'GET /models/{m}/files/{f}/chunks/{i}',
  ...['imports', 'exports', 'actions', 'processes'].flatMap((kind) => [
    `GET /models/{m}/${kind}`,
    `GET /models/{m}/${kind}/{a}`,
    `POST /models/{m}/${kind}/{a}/tasks`,
    `GET /models/{m}/${kind}/{a}/tasks`,
    `GET /models/{m}/${kind}/{a}/tasks/{t}`,
  ]),
]);

/** Not in the guide, and not seen answered: clients send them, or a public description declares them. */
const ASSUMED = new Set([
  'GET /workspaces/{w}/admins',
  'GET /workspaces/{w}/visitors',
  'GET /models/{m}/dashboards',
  'POST /models/{m}/open',
  'POST /models/{m}/close',
  'GET /models/{m}/optimizeActions/{a}/tasks/{t}/solutionLogs',
]);

/** Every endpoint of the API; what is neither verified nor assumed is as the guide documents it. */
export const ENDPOINTS: readonly Endpoint[] = ROUTES.map(({ method, pattern }) => {
  const call = `${method} ${pattern}`;
  return {
    method,
    pattern,
    mark: VERIFIED.has(call) ? 'verified' : ASSUMED.has(call) ? 'assumed' : 'documented',
  };
});
