import { conform } from './conformance';
import { TABLE } from './table';

conform('uploads', TABLE.uploads);
