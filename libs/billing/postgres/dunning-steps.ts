/** Days after an invoice was due at which something happens. */
export const DUNNING_STEPS = [1, 3, 7, 14] as const;
/** The last of them: sign-in and sending end until it is paid. */
export const SUSPENSION_STEP = 14;
