import type { Page } from './pdf-page.ts';

const NAMESPACE = 'urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#';
const FILE_NAME = 'factur-x.xml';

/** Puts the XML into the PDF as Factur-X 1.07 §6 asks: an associated file, and metadata that says what it is. */
export function embedFacturX(page: Page, xml: string, issued: Date): void {
  // The typings do not know `relationship` yet. The XML says the same as the pages: an alternative (§6.2.2).
  const options: PDFKit.Mixins.PDFAttachmentOptions & { relationship: string } = {
    name: FILE_NAME,
    type: 'text/xml',
    description: 'Factur-X invoice',
    relationship: 'Alternative',
    creationDate: issued,
    modifiedDate: issued,
  };
  page.file(Buffer.from(xml), options);
  page.appendXML(METADATA);
}

/** The properties, and the extension schema that PDF/A (ISO 19005-3 §6.6.2.3) wants for properties it does not know. */
const METADATA = `
        <rdf:Description xmlns:fx="${NAMESPACE}" rdf:about="">
            <fx:DocumentType>INVOICE</fx:DocumentType>
            <fx:DocumentFileName>${FILE_NAME}</fx:DocumentFileName>
            <fx:Version>1.0</fx:Version>
            <fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>
        </rdf:Description>
        <rdf:Description xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#" rdf:about="">
            <pdfaExtension:schemas>
                <rdf:Bag>
                    <rdf:li rdf:parseType="Resource">
                        <pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>
                        <pdfaSchema:namespaceURI>${NAMESPACE}</pdfaSchema:namespaceURI>
                        <pdfaSchema:prefix>fx</pdfaSchema:prefix>
                        <pdfaSchema:property>
                            <rdf:Seq>${[
                              ['DocumentFileName', 'name of the embedded XML invoice file'],
                              ['DocumentType', 'INVOICE'],
                              ['Version', 'version of the Factur-X standard'],
                              ['ConformanceLevel', 'profile of the embedded XML invoice'],
                            ]
                              .map(
                                ([name, description]) => `
                                <rdf:li rdf:parseType="Resource">
                                    <pdfaProperty:name>${name}</pdfaProperty:name>
                                    <pdfaProperty:valueType>Text</pdfaProperty:valueType>
                                    <pdfaProperty:category>external</pdfaProperty:category>
                                    <pdfaProperty:description>${description}</pdfaProperty:description>
                                </rdf:li>`,
                              )
                              .join('')}
                            </rdf:Seq>
                        </pdfaSchema:property>
                    </rdf:li>
                </rdf:Bag>
            </pdfaExtension:schemas>
        </rdf:Description>
`;
