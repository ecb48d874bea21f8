export { BEHAVIOURS, type Behaviour, type Mark } from './behaviours';
export type { Sandbox } from './controls';
export type { Product, Rows, SalesCells } from './data';
export { ENDPOINTS, type Endpoint } from './endpoints';
export type { Fault, FaultAction, FaultMoment, PathSource } from './faults';
export type { FileInfo } from './files';
export { MISUSES, type Misuse, type MisuseKind } from './misuse';
export type { ModelStatus } from './model';
export type { LiveOptions, ModelOptions, SandboxOptions } from './options';
export { describeTenant, startSandbox, type TenantEntry } from './sandbox';
export type { ReadInfo, TaskInfo } from './state';
export {
  copiesOf,
  DEMO_WORKSPACE,
  MODELS,
  REPORTING_WORKSPACE,
  SALES_MODEL,
  SAMPLE,
  WORKSPACES,
} from './tenant';
export type { RequestRecord } from './world';
