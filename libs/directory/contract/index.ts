/** One suite for every directory. */
import { afterEach, beforeEach, describe } from 'node:test';
import type { DirectoryFixture } from './fixture.ts';
import { lookupContract } from './lookup.ts';
import { registryContract } from './registry.ts';
import { signInContract } from './sign-in.ts';
import { tenancyContract } from './tenancy.ts';

export { CHEAP_PASSWORDS, type DirectoryFixture } from './fixture.ts';

/** Runs the suite, each test on an empty directory that `make` gives. */
export function directoryContract(name: string, make: () => Promise<DirectoryFixture>): void {
  describe(`${name} directory`, () => {
    let fixture: DirectoryFixture;
    beforeEach(async () => {
      fixture = await make();
    });
    afterEach(() => fixture[Symbol.asyncDispose]());
    const open = (): DirectoryFixture => fixture;
    registryContract(open);
    lookupContract(open);
    signInContract(open);
    tenancyContract(open);
  });
}
