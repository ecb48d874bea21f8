import type { IntegrationInputs, IntegrationName } from '../../contracts';

/** One integration that the demo shows. */
export interface DemoStep<N extends IntegrationName = IntegrationName> {
  integration: N;
  /** What a reader should see in it. */
  title: string;
  input: IntegrationInputs[N];
}

const step = <N extends IntegrationName>(
  integration: N,
  title: string,
  input: Omit<IntegrationInputs[N], 'workspace' | 'model'>,
): DemoStep => {
  const where = { workspace: 'Demo Workspace', model: 'Sales Planning' };
  // The spread of a generic type is not followed by the compiler; `client.start` checks every input again.
  return {
    integration,
    title,
    input: { ...where, ...input } as unknown as IntegrationInputs[IntegrationName],
  };
};

/** A small product list for the process; its last row has no code, so that a rejected row is seen there too. */
export const PRODUCTS_CSV = [
  'Code,Name,Category,Launch Date,Active',
  'P9001,Garden chair,Household,2025-02-01,true',
  'P9002,Garden table,Household,2025-02-01,true',
  'P9003,Parasol,Household,2025-03-15,true',
  ',Nameless,Household,2025-03-15,true',
  '',
].join('\n');

/** The integrations in the order in which the demo runs them, on the sandbox's sample model. */
export const DEMO_STEPS: readonly DemoStep[] = [
  step('uploadImport', 'A CSV of 8,000 rows becomes cells of a module; some rows are wrong', {
    import: 'Load Sales',
    source: 'sales.csv',
    acceptRejections: true,
  }),
  step('processWithDumps', 'Two uploads, one process, every failure dump, and the export it wrote', {
    process: 'Nightly Load',
    uploads: [
      { file: 'products.csv', source: 'products.csv' },
      { file: 'sales.csv', source: 'sales.csv' },
    ],
    downloads: [{ export: 'Export Sales', target: 'out/nightly-sales.csv' }],
    acceptRejections: true,
  }),
  step('exportDownload', 'An export, downloaded as gzip', {
    export: 'Export Sales',
    target: 'out/sales.csv.gz',
    compress: 'gzip',
  }),
  step('largeViewRead', 'A view in pages, merged into one file', {
    module: 'Bulk',
    view: 'All',
    target: 'out/view.csv',
  }),
  step('largeListRead', 'A list in pages', { list: 'Bulk Items', target: 'out/list.csv' }),
  step('runAction', 'An action without a transfer', { action: 'Order Products' }),
  step('uploadFile', 'A file alone, for an import that runs elsewhere', {
    file: 'products.csv',
    source: 'products.csv',
  }),
  step('downloadFile', 'A file of the model, as it stands', {
    file: 'id:116000000001',
    target: 'out/downloaded.csv',
  }),
];
