import { frozenBeforeUpload } from './kills/frozen';
import { sideBySide } from '../support/processes';
sideBySide({ a: frozenBeforeUpload, a2: frozenBeforeUpload, a3: frozenBeforeUpload}, 300_000);
