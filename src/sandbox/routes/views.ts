import { axesOf } from '../contents';
import type { ViewDefinition } from '../definitions';
import { Refusal } from '../http';
import { envelope, find, holds, paged, param, type Call, type Route } from './route';

/** A view, or a line item's, by the ID of the path, or a 404. */
export function viewOf(call: Call, id: string): ViewDefinition {
  const view = call.model.view(id);
  if (view === undefined) throw new Refusal(404, 'Not Found');
  return view;
}

/** The views of the model; those of line items only where they are asked for, and only in the documented spelling. */
function views(call: Call): ViewDefinition[] {
  const { views: saved, lineItems } = call.model.definition;
  if (call.query.get('includesubsidiaryviews') !== 'true') return [...saved];
  const own = lineItems.filter((item) => item.subsidiary !== undefined).map((item) => viewOf(call, item.id));
  return [...saved, ...own];
}

/** Views and their dimensions. */
export const viewRoutes: Route[] = [
  holds('GET', '/models/{m}/views', (call) => {
    const entries = views(call).map(({ id, fullName, moduleId }) => ({
      code: '',
      id,
      name: fullName,
      moduleId,
    }));
    return paged(call, 'view', 'views', entries);
  }),
  holds('GET', '/models/{m}/modules/{module}/views', (call) => {
    const module = find(call.model.definition.modules, param(call, 'module'));
    const own = views(call).filter((view) => view.moduleId === module.id);
    const entries = own.map(({ id, name, moduleId }) => ({ code: '', id, name, moduleId }));
    return paged(call, 'view', 'views', entries);
  }),
  holds('GET', '/models/{m}/views/{v}', (call) => {
    const view = viewOf(call, param(call, 'v'));
    const viewName = view.name === 'default' ? view.fullName : view.name;
    return envelope(call, 'view', { viewName, viewId: view.id, ...axesOf(view) });
  }),
];
