import { createProcessRuntime } from '../runtimes/process';

/**
 * Ends all process instances below a data folder, and returns their number. Used when a development engine stops.
 */
export async function endProcesses(dataDir: string): Promise<number> {
  const none = {
    variables: () => Promise.resolve({}),
    files: () => Promise.resolve([]),
    texts: () => Promise.resolve({}),
  };
  return createProcessRuntime({ dataDir, secrets: none }).removeAll();
}
