export {
  CommandDispatcher,
  commandLimits,
  type CommandDispatcherOptions,
  type CommandLimits,
  type PtzStatus,
} from './command-dispatcher.js';
export {
  CommandFault,
  LOWEST_LEVEL,
  type Command,
  type CommandRecord,
  type CommandReport,
  type CommandRequest,
} from './command.js';
