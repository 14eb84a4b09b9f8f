import { openApi } from '#api-schema';
import { docsPage, type OpenApi } from './docs-page.ts';

/** The API's description, for programs and for people. Made once. */
export class Docs {
  readonly document: object;
  readonly html: string;

  constructor(version: string) {
    const document = openApi(version);
    this.document = document;
    this.html = docsPage(document as unknown as OpenApi);
  }
}
