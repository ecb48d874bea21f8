import type { LineItemDefinition } from '../definitions';
import { dimensionContent, dimensionsOf, LINE_ITEMS, type DimensionContent, type Shape } from '../dimensions';
import { asObject, readJson, Refusal, type Reply } from '../http';
import { axesOf } from '../contents';
import { USERS } from '../users';
import { viewOf } from './views';
import { envelope, find, holds, param, type Call, type Route } from './route';

/** Larger dimensions are refused rather than cut (anaplan-api: "Retrieve all items in a dimension"). */
const MAX_ITEMS = 1_000_000;

/** Everything that items of dimensions are looked up in. */
export const shapeOf = (call: Call): Shape => ({
  data: call.model.data,
  settings: call.world.settings,
  definition: call.model.definition,
  users: USERS.map(({ id, email }) => ({ id, name: email })),
});

function describe(call: Call, item: LineItemDefinition): object {
  const { id, name, moduleId, format, formula } = item;
  const moduleName = find(call.model.definition.modules, moduleId).name;
  const plain = { moduleId, moduleName, id, name };
  if (call.query.get('includeAll') !== 'true') return plain;
  const dimensions = dimensionsOf(item);
  const lists = dimensions.filter((one) => one.id.startsWith('101'));
  return {
    ...plain,
    isSummary: false,
    startOfSection: false,
    broughtForward: false,
    useSwitchover: format === 'NUMBER',
    breakback: false,
    cellCount: dimensions.reduce(
      (cells, one) => cells * (dimensionContent(shapeOf(call), one.id)?.size ?? 1),
      1,
    ),
    ...(dimensions.some((one) => one.name === 'Versions')
      ? { version: { name: 'All', id: '16000000000' } }
      : {}),
    ...(lists.length === 0 ? {} : { appliesTo: lists }),
    ...(formula === undefined ? {} : { formula }),
    format,
    formatMetadata: { dataType: format, ...FORMATS[format] },
    summary: format === 'NUMBER' ? 'Sum' : 'None',
    timeScale: dimensions.some((one) => one.name === 'Time') ? 'Month' : 'Not Applicable',
    formulaScope: 'All Versions',
    style: 'Normal',
  };
}

/** Only the keys of numbers are documented (anaplan-api: "Retrieve all line item metadata in a model"). */
const FORMATS: Partial<Record<LineItemDefinition['format'], object>> = {
  NUMBER: {
    minimumSignificantDigits: 4,
    decimalPlaces: -1,
    negativeNumberNotation: 'MINUS_SIGN',
    unitsType: 'NONE',
    unitsDisplayType: 'NONE',
    zeroFormat: 'ZERO',
    comparisonIncrease: 'GOOD',
    groupingSeparator: 'COMMA',
    decimalSeparator: 'FULL_STOP',
  },
};

/** Items as they are answered; an empty dimension leaves its key out (anaplan-api: "Envelope, errors, paging"). */
function items(call: Call, content: DimensionContent | undefined): Reply {
  if (content === undefined) throw new Refusal(404, 'Not Found');
  if (content.size > MAX_ITEMS) throw new Refusal(400, 'The dimension has more than 1,000,000 items.');
  const all = content
    .items()
    .map(({ id, name, code }) => ({ ...(code === undefined ? {} : { code }), id, name }));
  return envelope(call, 'dimension', all.length === 0 ? {} : { items: all });
}

/** An ID that can be none. */
function requireId(text: string): void {
  if (!/^\d+$/.test(text)) throw new Refusal(400, `${text} is not a valid ID.`);
}

/** Names or codes of a request, in lower case. */
function wanted(value: unknown): Set<string> {
  return new Set(Array.isArray(value) ? value.map((one) => String(one).toLowerCase()) : []);
}

async function lookup(call: Call): Promise<Reply> {
  const content = dimensionContent(shapeOf(call), param(call, 'd'));
  if (content === undefined) throw new Refusal(404, 'Not Found');
  const body = asObject(await readJson(call.body, 100_000_000)) ?? {};
  const [names, codes] = [wanted(body.names), wanted(body.codes)];
  if (names.size + codes.size === 0) throw new Refusal(400, 'names or codes must not be empty.');
  if (content.kind === 'lineItems' || content.kind === 'lineItemSubset')
    throw new Refusal(400, 'The dimension is not supported.');
  if (codes.size > 0 && content.kind !== 'list' && content.kind !== 'subset')
    throw new Refusal(400, 'The dimension does not support codes.');
  const found = content
    .items()
    .filter(({ name, code }) => names.has(name.toLowerCase()) || codes.has(code?.toLowerCase() ?? '\0'))
    .map(({ id, name, code }) => ({ name, id, ...(code === undefined ? {} : { code }) }));
  return envelope(call, 'dimension', found.length === 0 ? {} : { items: found });
}

const lineItems = (call: Call, of: readonly LineItemDefinition[]): Reply =>
  envelope(call, 'lineItem', { items: of.map((item) => describe(call, item)) });

/** Line items and the items of dimensions, of the model, of a view and of a line item. */
export const lineItemRoutes: Route[] = [
  holds('GET', '/models/{m}/lineItems', (call) => lineItems(call, call.model.definition.lineItems)),
  holds('GET', '/models/{m}/modules/{module}/lineItems', (call) => {
    const { id } = find(call.model.definition.modules, param(call, 'module'));
    return lineItems(
      call,
      call.model.definition.lineItems.filter((item) => item.moduleId === id),
    );
  }),
  ...['lineItems', 'lineitems'].map((spelled) =>
    holds('GET', `/models/{m}/${spelled}/{li}/dimensions`, (call) => {
      const item = find(call.model.definition.lineItems, param(call, 'li'));
      return envelope(call, 'dimension', { dimensions: dimensionsOf(item) });
    }),
  ),
  holds('GET', '/models/{m}/lineItems/{li}/dimensions/{d}/items', (call) => {
    requireId(param(call, 'li'));
    requireId(param(call, 'd'));
    const item = find(call.model.definition.lineItems, param(call, 'li'));
    const dimension = find(dimensionsOf(item), param(call, 'd'));
    return items(call, dimensionContent(shapeOf(call), dimension.id));
  }),
  holds('GET', '/models/{m}/dimensions/{d}/items', (call) => {
    const content = dimensionContent(shapeOf(call), param(call, 'd'));
    if (content !== undefined && ['time', 'versions', 'lineItems'].includes(content.kind))
      throw new Refusal(400, 'The dimension is not supported here: ask for it by a view.');
    return items(call, content);
  }),
  holds('POST', '/models/{m}/dimensions/{d}/items', lookup),
  holds('GET', '/models/{m}/views/{v}/dimensions/{d}/items', (call) => {
    const view = viewOf(call, param(call, 'v'));
    const dimension = find(Object.values(axesOf(view)).flat(), param(call, 'd'));
    const content = dimensionContent(shapeOf(call), dimension.id);
    if (content === undefined || dimension.id !== LINE_ITEMS.id) return items(call, content);
    const own = call.model.definition.lineItems.filter((item) => item.moduleId === view.moduleId);
    return items(call, {
      ...content,
      size: own.length,
      items: () => own.map((one) => ({ ...one, key: one.id })),
    });
  }),
];
