export {
  CommandDispatcher,
  commandLimits,
  type CommandDispatcherOptions,
  type CommandLimits,
  type PtzStatus,
} from './command-dispatcher.js';
export {
  CommandFault,
  EVERYTHING,
  LOWEST_LEVEL,
  type Command,
  type CommandRecord,
  type CommandReport,
  type CommandRequest,
  type CommandRight,
  type CommandRights,
} from './command.js';
