import { Controller, Get, Header } from '@nestjs/common';
import { API_PREFIX } from '#api-schema';
import { Docs } from './docs.ts';

@Controller()
export class DocsController {
  constructor(private readonly docs: Docs) {}

  @Get(`${API_PREFIX}/openapi.json`)
  @Header('Access-Control-Allow-Origin', '*')
  openApi() {
    return this.docs.document;
  }

  @Get('/api/docs')
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header(
    'Content-Security-Policy',
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  )
  page() {
    return this.docs.html;
  }
}
