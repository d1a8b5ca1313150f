export { printable } from './printable.js';
export { columns, table, type Column } from './table.js';
export { InterruptedError } from './interrupted.js';
export { Terminal, type Paint } from './terminal.js';
