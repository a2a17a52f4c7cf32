import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor, type ConnectionOptions } from '@temporalio/client';

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];
type NextCall = Parameters<Interceptor>[1];
type Call = ReturnType<NextCall>;

const cancelled = 1;

/**
 * Retries as Temporal's client does, except that a call whose connection is closed before its next try fails as
 * cancelled. The client's own retries throw then, out of a timer, which ends the process.
 */
export const retries: Interceptor[] = [
  makeGrpcRetryInterceptor(defaultGrpcRetryOptions()),
  cancelIfClosed as Interceptor,
];

function cancelIfClosed(options: Parameters<NextCall>[0], next: NextCall): Call {
  try {
    return next(options);
  } catch (error) {
    return cancelledCall(error instanceof Error ? error.message : String(error));
  }
}

function cancelledCall(details: string): Call {
  const ignore = (): void => undefined;
  return {
    start: (metadata, listener) => {
      listener?.onReceiveMessage?.(undefined);
      listener?.onReceiveStatus?.({ code: cancelled, details, metadata });
    },
    sendMessage: ignore,
    sendMessageWithContext: ignore,
    halfClose: ignore,
    startRead: ignore,
    cancelWithStatus: ignore,
    getPeer: () => 'none',
    getAuthContext: () => null,
  };
}
