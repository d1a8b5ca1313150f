/** Too many passwords are being checked: whether this one is right was not looked at. */
export class UsersBusyError extends Error {
  override readonly name = 'UsersBusyError';

  constructor() {
    super('too many sign-ins are being checked');
  }
}
