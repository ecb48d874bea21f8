import type { ModelDefinition, ModelEntry } from './definitions';

export const DEMO_WORKSPACE = '8a8196b15b7dbae6015b8694411d13fe';
export const REPORTING_WORKSPACE = '8a8196a258539d4c0158b0f9abe70bfd';
export const SALES_MODEL = '75A40874E6B64FA3AE0743278996850F';

export const WORKSPACES = [
  { id: DEMO_WORKSPACE, name: 'Demo Workspace' },
  { id: REPORTING_WORKSPACE, name: 'Reporting Workspace' },
] as const;

/** Equal names on purpose: an archived namesake of the sample model, and two live models called Forecast. */
export const MODELS: readonly ModelEntry[] = [
  {
    id: '1A0D320FF0C644479E98A207A5003E1A',
    name: 'Sales Planning',
    workspaceId: DEMO_WORKSPACE,
    state: 'archived',
  },
  { id: SALES_MODEL, name: 'Sales Planning', workspaceId: DEMO_WORKSPACE, state: 'open' },
  { id: '8BA821045BB34083B467C0082781DA69', name: 'Forecast', workspaceId: DEMO_WORKSPACE, state: 'open' },
  { id: 'E216CF62E3F84342879E8480236AE78E', name: 'Forecast', workspaceId: DEMO_WORKSPACE, state: 'open' },
  {
    id: '71B2E50D32664AF1B60FBC0C72B339AF',
    name: 'Sales Production',
    workspaceId: DEMO_WORKSPACE,
    state: 'deployed',
  },
  {
    id: 'F7F3D1004C214A00A44C1655DE413B50',
    name: 'Consolidation',
    workspaceId: REPORTING_WORKSPACE,
    state: 'open',
  },
];

/** Further models with the content of the sample model: `Sales Planning 2`, `Sales Planning 3` ... */
export function copiesOf(count: number): ModelEntry[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `5A1E5${(i + 2).toString(16).toUpperCase().padStart(27, '0')}`,
    name: `Sales Planning ${i + 2}`,
    workspaceId: DEMO_WORKSPACE,
    state: 'open',
  }));
}

const csv = { encoding: 'UTF-8', separator: ',', headerRow: 1, firstDataRow: 2 } as const;
const SALES_COLUMNS = ['Product', 'Region', 'Month', 'Units', 'Revenue', 'Last Order'];
const PRODUCT_COLUMNS = ['Code', 'Name', 'Category', 'Launch Date', 'Active'];

/** The sample model. IDs begin as Anaplan's do (anaplan-api: "Files (public clients)"). */
export const SAMPLE: ModelDefinition = {
  imports: [
    {
      id: '112000000001',
      name: 'Load Products',
      importType: 'HIERARCHY_DATA',
      fileId: '113000000001',
      headerNames: PRODUCT_COLUMNS,
      target: 'products',
    },
    {
      id: '112000000002',
      name: 'Load Sales',
      importType: 'MODULE_DATA',
      fileId: '113000000002',
      headerNames: SALES_COLUMNS,
      target: 'sales',
    },
    {
      id: '112000000003',
      name: 'Load Bulk',
      importType: 'MODULE_DATA',
      fileId: '113000000003',
      headerNames: ['Key', 'Value'],
      target: 'bulk',
    },
    {
      id: '112000000004',
      name: 'Load Regions',
      importType: 'HIERARCHY_DATA',
      fileId: '113000000004',
      headerNames: ['Code', 'Name'],
      target: 'regions',
    },
    {
      id: '112000000005',
      name: 'Products from Consolidation',
      importType: 'HIERARCHY_DATA',
      headerNames: PRODUCT_COLUMNS,
      target: 'from-model',
    },
    {
      id: '112000000006',
      name: 'Load Price List',
      importType: 'HIERARCHY_DATA',
      fileId: '113000000005',
      headerNames: ['Code', 'Price'],
      target: 'fails',
    },
  ],
  files: [
    { id: '113000000001', name: 'products.csv', ...csv },
    { id: '113000000002', name: 'sales.csv', ...csv },
    { id: '113000000003', name: 'bulk.csv', ...csv },
    {
      id: '113000000004',
      name: 'regions.txt',
      encoding: 'ISO-8859-1',
      separator: '\t',
      headerRow: 1,
      firstDataRow: 2,
      defaultContent: 'Code\tName\nEMEA\tEurope, Middle East and Africa\nLATAM\tLatinoamérica\n',
    },
    { id: '113000000005', name: 'prices.csv', ...csv, defaultContent: 'Code,Price\nP0001,1.00\n' },
  ],
  exports: [
    {
      id: '116000000001',
      name: 'Export Sales',
      exportType: 'TABULAR_MULTI_COLUMN',
      exportFormat: 'text/csv',
      fileName: 'Sales - export.csv',
      headerNames: SALES_COLUMNS,
      content: 'sales',
    },
    {
      id: '116000000002',
      name: 'Export Empty',
      exportType: 'TABULAR_MULTI_COLUMN',
      exportFormat: 'text/csv',
      fileName: 'Empty - export.csv',
      headerNames: SALES_COLUMNS,
      content: 'empty',
    },
    {
      id: '116000000003',
      name: 'Export Bulk',
      exportType: 'TABULAR_MULTI_COLUMN',
      exportFormat: 'text/csv',
      fileName: 'Bulk - export.csv',
      headerNames: ['Run', 'Row', 'Text'],
      content: 'bulk',
    },
    {
      id: '116000000004',
      name: 'Export Products',
      exportType: 'GRID_CURRENT_PAGE',
      exportFormat: 'text/csv',
      fileName: 'Products - grid.csv',
      headerNames: PRODUCT_COLUMNS,
      content: 'products',
    },
  ],
  actions: [
    {
      id: '117000000001',
      name: 'Delete Inactive Products',
      actionType: 'DELETE_BY_SELECTION',
      metadata: { listId: '101000000001', filterLineItemId: '503000000001' },
      effect: 'delete-inactive',
    },
    {
      id: '117000000002',
      name: 'Order Products',
      actionType: 'ORDER_HIERARCHY',
      metadata: { listId: '101000000001', sortOrder: 'Ascending', lineItemId: '411000000002' },
      effect: 'none',
    },
    { id: '117000000003', name: 'Optimize Prices', actionType: 'OPTIMIZER', metadata: {}, effect: 'none' },
    { id: '117000000004', name: 'Open Sales Dashboard', metadata: {}, effect: 'none' },
    {
      id: '117000000005',
      name: 'Delete Locked Products',
      actionType: 'DELETE_BY_SELECTION',
      metadata: { listId: '101000000001', filterLineItemId: '503000000002' },
      effect: 'fails',
    },
  ],
  processes: [
    {
      id: '118000000001',
      name: 'Nightly Load',
      actionIds: ['112000000001', '112000000002', '116000000001', '117000000001'],
    },
    {
      id: '118000000002',
      name: 'Failing Load',
      actionIds: ['112000000001', '112000000006', '112000000002', '117000000001'],
    },
    { id: '118000000003', name: 'Housekeeping', actionIds: ['117000000001', '117000000002'] },
    { id: '118000000004', name: 'Load Twice', actionIds: ['112000000001', '112000000001'] },
  ],
  lists: [
    {
      id: '101000000001',
      name: 'Products',
      content: 'products',
      parent: '101000000004',
      subsets: [{ id: '109000000001', name: 'Active Products' }],
      properties: [{ name: 'Launch Date', format: 'DATE' }],
    },
    { id: '101000000002', name: 'Regions', content: 'regions' },
    { id: '101000000003', name: 'Bulk Items', content: 'bulk' },
    { id: '101000000004', name: 'Categories', content: 'items' },
    {
      id: '101000000005',
      name: 'Stores',
      content: 'items',
      parent: '101000000002',
      subsets: [{ id: '109000000002', name: 'Open Stores' }],
      properties: [
        { name: 'Manager', format: 'TEXT' },
        { name: 'Size', format: 'NUMBER' },
        { name: 'Flagship', format: 'BOOLEAN' },
        { name: 'Opened', format: 'DATE' },
        { name: 'Main Category', format: 'ENTITY', list: '101000000004' },
        { name: 'First Month', format: 'TIME_ENTITY' },
      ],
    },
    {
      id: '101000000006',
      name: 'Transactions',
      content: 'items',
      numbered: true,
      properties: [{ name: 'Amount', format: 'NUMBER' }],
    },
  ],
  modules: [
    { id: '102000000001', name: 'Sales' },
    { id: '102000000002', name: 'Bulk' },
    { id: '102000000003', name: 'Targets' },
    { id: '102000000004', name: 'Settings' },
  ],
  lineItems: [
    { id: '411000000001', moduleId: '102000000001', name: 'Units', format: 'NUMBER' },
    { id: '411000000002', moduleId: '102000000001', name: 'Revenue', format: 'NUMBER' },
    { id: '411000000003', moduleId: '102000000001', name: 'Last Order', format: 'DATE' },
    {
      id: '411000000004',
      moduleId: '102000000001',
      name: 'Launch Price',
      format: 'NUMBER',
      formula: 'MOD(Index, 100) + 1',
      subsidiary: 'prices',
    },
    {
      id: '411000000005',
      moduleId: '102000000002',
      name: 'Amount',
      format: 'NUMBER',
      formula: 'Number * 7919',
    },
    { id: '411000000006', moduleId: '102000000002', name: 'Number', format: 'NUMBER', formula: 'Index' },
    { id: '411000000007', moduleId: '102000000003', name: 'Target', format: 'NUMBER' },
    { id: '411000000008', moduleId: '102000000003', name: 'Comment', format: 'TEXT' },
    { id: '411000000009', moduleId: '102000000003', name: 'Approved', format: 'BOOLEAN' },
    { id: '411000000010', moduleId: '102000000003', name: 'Due Date', format: 'DATE' },
    { id: '411000000011', moduleId: '102000000003', name: 'Compared With', format: 'TIME_ENTITY' },
    {
      id: '411000000012',
      moduleId: '102000000003',
      name: 'Main Product',
      format: 'ENTITY',
      list: '101000000001',
    },
    {
      id: '411000000013',
      moduleId: '102000000003',
      name: 'Stretch Target',
      format: 'NUMBER',
      formula: 'Target * 2',
    },
    { id: '411000000014', moduleId: '102000000004', name: 'Exchange Rate', format: 'NUMBER' },
  ],
  views: [
    { id: '102000000001', moduleId: '102000000001', name: 'default', fullName: 'Sales', content: 'sales' },
    {
      id: '206000000001',
      moduleId: '102000000001',
      name: 'By Region',
      fullName: 'Sales.By Region',
      content: 'sales',
    },
    {
      id: '207000000001',
      moduleId: '102000000001',
      name: 'Plan/Actual',
      fullName: "Sales.'Plan/Actual'",
      content: 'sales',
    },
    { id: '102000000002', moduleId: '102000000002', name: 'default', fullName: 'Bulk', content: 'bulk' },
    { id: '206000000002', moduleId: '102000000002', name: 'All', fullName: 'Bulk.All', content: 'bulk' },
    {
      id: '102000000003',
      moduleId: '102000000003',
      name: 'default',
      fullName: 'Targets',
      content: 'targets',
    },
    {
      id: '102000000004',
      moduleId: '102000000004',
      name: 'default',
      fullName: 'Settings',
      content: 'settings',
    },
  ],
};
