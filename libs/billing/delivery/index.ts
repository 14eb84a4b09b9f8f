/** How letters and webhooks leave the house: submission with an account of our own, and signed HTTPS calls. */
export * from './submission-mailer.ts';
export * from './webhook-client.ts';
