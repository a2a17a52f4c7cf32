const checkEveryMs = 2000;

/**
 * The result of work that needs the engine. A request does not wait for an engine that is away.
 * @throws the error of the check as soon as it fails
 */
export async function whileReachable<T>(check: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const away = untilUnreachable(check);
  try {
    return await Promise.race([work(), away.failed]);
  } finally {
    away.stop();
  }
}

/** Without an `AbortController`, whose errors would take more time than most requests. */
function untilUnreachable(check: () => Promise<unknown>): { failed: Promise<never>; stop: () => void } {
  let timer: NodeJS.Timeout;
  let isOver = false;
  const failed = new Promise<never>((_, reject) => {
    const checkLater = () => {
      if (isOver) return;
      timer = setTimeout(() => void check().then(checkLater, reject), checkEveryMs);
      timer.unref();
    };
    checkLater();
  });
  const stop = () => {
    isOver = true;
    clearTimeout(timer);
  };
  return { failed, stop };
}
