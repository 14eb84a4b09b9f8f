/** Cold storage: a directory on a slower mount, or S3-compatible object storage. */

export { DirectoryColdStorage } from './directory-cold-storage.ts';
export { S3ColdStorage, type S3Credentials, type S3Place } from './s3-cold-storage.ts';
