/** Names under which the module binds what has no class of its own. */
export const SETTINGS = Symbol('settings');
export const LOGGER = Symbol('logger');
export const CREDENTIALS = Symbol('hub credentials');
export const CERTIFICATES = Symbol('certificates');
export const MAIL_SERVICES = Symbol('mail services');
export const ENTRANCE = Symbol('entrance');
export const BULLETIN = Symbol('bulletin');
