import { conform } from './conformance';
import { TABLE } from './table';

conform('tasks', TABLE.tasks);
