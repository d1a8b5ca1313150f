/** @typedef {'option-invalid'|'event-invalid'|'privilege-missing'|'start-failed'} WanLinkCode */

export class WanLinkError extends Error {
  /**
   * @param {WanLinkCode} code stable
   * @param {string} message one sentence for a person
   */
  constructor(code, message) {
    super(message);
    this.name = 'WanLinkError';
    this.code = code;
  }
}
