/** Names under which the module binds what has no class of its own. */
export const SETTINGS = Symbol('settings');
export const CLOCK = Symbol('clock');
export const LOGGER = Symbol('logger');
export const JOBS = Symbol('jobs');
