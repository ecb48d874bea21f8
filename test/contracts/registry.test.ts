/** An integration that is in the registry is everywhere: as a workflow, as a method of the client and as a command. */
import { AnaplanTemporalClient } from '../../src/client';
import { integrationCommand } from '../../src/cli/commands/integration';
import {
  INTEGRATIONS,
  type IntegrationInputs,
  type IntegrationName,
  type IntegrationResult,
} from '../../src/contracts';
import { fieldsOf } from '../../src/contracts/integrations';
import * as workflows from '../../src/workflows';

/** A page that is left out of `src/workflows/index.ts` is an error of the compiler here. */
const PAGES: {
  [N in IntegrationName]: (...given: [input: IntegrationInputs[N]]) => Promise<IntegrationResult>;
} = workflows;

test.each(INTEGRATIONS)('%s is a workflow of its own name', (integration) => {
  // The name of the function is the workflow type that callers in other languages start.
  expect(PAGES[integration].name).toBe(integration);
});

test.each(INTEGRATIONS)('%s is a method of the client, which starts it and waits', async (integration) => {
  const client = new AnaplanTemporalClient({} as never);
  const execute = jest.spyOn(client, 'execute').mockResolvedValue({} as IntegrationResult);
  const input = { model: 'id:M' } as never;
  await client[integration](input, { id: 'mine' });
  expect(execute.mock.calls).toEqual([[integration, input, { id: 'mine' }]]);
});

test.each(INTEGRATIONS)('%s is a command with a flag for each of its fields', (integration) => {
  const command = integrationCommand(integration, async () => undefined);
  const flags = command.options.map((option) => option.flags);
  for (const { flag } of Object.values(fieldsOf(integration))) expect(flags).toContain(flag);
  expect(new Set(flags).size).toBe(flags.length);
});
