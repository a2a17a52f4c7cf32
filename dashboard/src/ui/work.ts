import { useEffect, useRef, useState } from 'preact/hooks';
import { say } from './said';

export interface Work {
  isBusy: boolean;
  error?: Error;
  /** Resolves with true if it was done, and the part of the page that asked for it is still there. */
  run: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** Runs requests of a part of the page. The page reports a failure even if that part is gone by then. */
export function useWork(): Work {
  const [state, setState] = useState<Pick<Work, 'isBusy' | 'error'>>({ isBusy: false });
  const isThere = useRef(true);
  useEffect(() => () => void (isThere.current = false), []);
  const run = async (work: () => Promise<unknown>): Promise<boolean> => {
    setState({ isBusy: true });
    try {
      await work();
      setState({ isBusy: false });
      return isThere.current;
    } catch (error) {
      if (isThere.current) setState({ isBusy: false, error: error as Error });
      else say((error as Error).message);
      return false;
    }
  };
  return { ...state, run };
}
