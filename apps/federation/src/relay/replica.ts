/** Id of this process among the processes of federation, for as long as it lives. */
export const REPLICA_ID = Symbol('REPLICA_ID');
