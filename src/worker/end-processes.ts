import { createProcessRuntime } from '../runtimes/process';

/**
 * Ends every process instance below a data folder; returns how many there were. For the end of a development engine.
 */
export async function endProcesses(dataDir: string): Promise<number> {
  const none = { variables: () => Promise.resolve({}), files: () => Promise.resolve([]) };
  return createProcessRuntime({ dataDir, secrets: none }).removeAll();
}
