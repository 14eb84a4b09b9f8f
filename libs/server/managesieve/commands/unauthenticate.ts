import { LEFT_TO_HUB, type ManageSieveCommand, ManageSieveRefusal } from '../command.ts';

/** The session ends here; the hub takes the connection back to where it signs in. */
export const unauthenticate: ManageSieveCommand = {
  name: 'UNAUTHENTICATE',
  rfc: 'RFC 5804 §2.14.1',
  arguments: [],
  run(session) {
    if (!session.behindHub) throw new ManageSieveRefusal('This connection does not lead through a hub');
    return LEFT_TO_HUB;
  },
};
