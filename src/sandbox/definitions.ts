/** What a file import reads and where its rows go. */
export interface ImportDefinition {
  id: string;
  name: string;
  importType: 'HIERARCHY_DATA' | 'MODULE_DATA';
  /** The import data source, which is also the file; absent for an import from another model. */
  fileId?: string;
  headerNames: readonly string[];
  target: 'products' | 'regions' | 'sales' | 'bulk' | 'fails' | 'from-model';
}

/** A file of a model. */
export interface FileDefinition {
  id: string;
  name: string;
  encoding: 'UTF-8' | 'ISO-8859-1';
  separator: ',' | '\t';
  headerRow: number;
  firstDataRow: number;
  /** The default file, used while the user has no private one. */
  defaultContent?: string;
}

/** An export. */
export interface ExportDefinition {
  id: string;
  name: string;
  exportType: 'TABULAR_MULTI_COLUMN' | 'GRID_CURRENT_PAGE';
  exportFormat: string;
  fileName: string;
  headerNames: readonly string[];
  content: 'sales' | 'empty' | 'bulk' | 'products';
}

/** Another action. */
export interface ActionDefinition {
  id: string;
  name: string;
  actionType?: string;
  /** What its metadata says beyond the list entry. */
  metadata: Record<string, string>;
  effect: 'delete-inactive' | 'fails' | 'none';
}

/** A process: actions of any kind in order. */
interface ProcessDefinition {
  id: string;
  name: string;
  actionIds: readonly string[];
}

/** A property of a list; `list` names the list of an `ENTITY`. */
export interface PropertyDefinition {
  name: string;
  format: DataFormat;
  list?: string;
}

/** What a line item or a property holds. */
type DataFormat = 'NUMBER' | 'TEXT' | 'BOOLEAN' | 'DATE' | 'TIME_ENTITY' | 'ENTITY';

/** A list and its synthetic or real content. */
export interface ListDefinition {
  id: string;
  name: string;
  content: 'products' | 'regions' | 'items' | 'bulk';
  numbered?: boolean;
  /** The list that the parents are of. */
  parent?: string;
  subsets?: readonly { id: string; name: string }[];
  properties?: readonly PropertyDefinition[];
}

/** A view; the default view of a module has the module's ID. */
export interface ViewDefinition {
  id: string;
  moduleId: string;
  /** Name at the level of the module. */
  name: string;
  /** Name at the level of the model. */
  fullName: string;
  content: 'sales' | 'prices' | 'bulk' | 'targets' | 'settings';
}

/** A line item of a module. */
export interface LineItemDefinition {
  id: string;
  moduleId: string;
  name: string;
  format: DataFormat;
  /** Of an `ENTITY`: the list of its values. */
  list?: string;
  /** Set where it is calculated. */
  formula?: string;
  /** Set where it has dimensions of its own: then it has a view of its own too, under its ID and name. */
  subsidiary?: ViewDefinition['content'];
}

/** Everything in a model. */
export interface ModelDefinition {
  imports: readonly ImportDefinition[];
  files: readonly FileDefinition[];
  exports: readonly ExportDefinition[];
  actions: readonly ActionDefinition[];
  processes: readonly ProcessDefinition[];
  lists: readonly ListDefinition[];
  modules: readonly { id: string; name: string }[];
  lineItems: readonly LineItemDefinition[];
  views: readonly ViewDefinition[];
}

/** Where a model lives and what state it is in. */
export interface ModelEntry {
  id: string;
  name: string;
  workspaceId: string;
  state: 'open' | 'archived' | 'deployed';
}
