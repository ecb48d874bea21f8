import { conform } from './conformance';
import { TABLE } from './table';

conform('downloads', TABLE.downloads);
