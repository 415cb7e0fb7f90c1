import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flowTemplate } from '../../../core/export/cloudformation.ts';
import { createFlowRequest } from '../../../core/export/create-flow.ts';
import { canonicalFlow } from '../../../core/flow/canonical.ts';
import { checkFlow, readFlow } from '../../../core/flow/read.ts';
import { foundInDocument } from '../../../core/import/document.ts';
import { importFlow } from '../../../core/import/import-flow.ts';
import { mutated } from '../flow/mutated.ts';

const folder = new URL('../../fixtures/flows/', import.meta.url);
const examples = readdirSync(folder).map(
  (file) => [file, readFlow(readFileSync(new URL(file, folder), 'utf8'), file)] as const,
);
const imported = (document: unknown) => {
  const [found] = foundInDocument(document, 'f.json', () => undefined);
  if (found?.kind !== 'flow') throw new Error('there is no flow');
  const supports = { sources: new Set<string>(), destinations: new Set<string>() };
  return importFlow(found, supports, () => ({})).content;
};
const daily = '02-zendesk-tickets-s3-daily';
const mutatedFlow = (changes: Record<string, unknown>) => checkFlow(mutated(daily, changes), 'f.json');

describe('an export', () => {
  it.each(examples)('of %s is the original in canonical form, and so is its import', (_, flow) => {
    const request = JSON.parse(JSON.stringify(createFlowRequest(flow)));
    expect(request).toEqual(canonicalFlow(flow));
    expect(imported(request)).toEqual(canonicalFlow(flow));
  });

  it.each(examples.filter(([file]) => !file.startsWith('20-')))(
    'of %s as a template comes back as it went',
    (_, flow) => {
      expect(imported(JSON.parse(JSON.stringify(flowTemplate([flow]))))).toEqual(canonicalFlow(flow));
    },
  );

  it('names what CloudFormation cannot say', () => {
    const [profiles] = examples.filter(([file]) => file.startsWith('20-')).map(([, flow]) => flow);
    expect(() => flowTemplate(profiles ? [profiles] : [])).toThrow(
      'flow profiles-import, destinationFlowConfigList[0].connectorType: CloudFormation has no such destination; got CustomerProfiles; export it with --format create-flow',
    );
  });

  it('names what AppFlow cannot do', () => {
    const flow = mutatedFlow({
      tributary: { fileExtension: true, memorySize: 512, flowStatus: 'Suspended' },
    });
    expect(() => createFlowRequest(flow)).toThrow(
      'flow zendesk-tickets-daily, tributary.fileExtension, tributary.memorySize: AppFlow has nothing that does this; remove it from the flow first',
    );
  });

  it('keeps whether a flow is active where the form can say so', () => {
    const flow = mutatedFlow({ tributary: { flowStatus: 'Suspended' } });
    expect(createFlowRequest(flow)).not.toHaveProperty('tributary');
    expect(imported(flowTemplate([flow]))).toEqual(canonicalFlow(flow));
  });

  it('gives each flow an id of its own', () => {
    const flows = ['a-b', 'aB', 'a.b'].map((flowName) => mutatedFlow({ flowName }));
    expect(Object.keys(flowTemplate(flows).Resources)).toEqual(['FlowAB', 'FlowAB2', 'FlowAB3']);
    expect(() => flowTemplate(flows.concat(flows))).toThrow('two flows of the same name; got a-b');
  });
});
