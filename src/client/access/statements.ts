import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter, type Headers } from '@temporalio/common';
import { sha256 } from '../../guard/access/digest';
import type { StatementSigner, Stated } from '../../guard/access/statement';
import {
  actionOfMessage,
  actionOfStart,
  placeOfMessage,
  requestText,
  statementHeader,
  type Action,
} from '../../model/access';
import type { Place } from '../../workflows/messages';
import { author, userName } from '../user';

/** Signs the messages of a client. Workers with the public key know by that that a server has let them in. */
export function signing(signer: StatementSigner): WorkflowClientInterceptor {
  const signed = (headers: Headers, action: Action | undefined, to: string, name: string, args: unknown[]): Headers => {
    const place = placeOfMessage(to);
    if (!action || !place) return headers;
    const statement = statementFor(signer, { action, place, request: requestText(to, name, args) });
    return { ...headers, [statementHeader]: defaultPayloadConverter.toPayload(statement) };
  };
  return {
    startWithDetails(input, next) {
      const { workflowType, headers, options } = input;
      const action = actionOfStart(workflowType, options.args);
      return next({ ...input, headers: signed(headers, action, options.workflowId, workflowType, options.args) });
    },
    signal(input, next) {
      const { signalName, args, workflowExecution, headers } = input;
      const to = workflowExecution.workflowId!;
      return next({ ...input, headers: signed(headers, actionOfMessage(to, signalName, false), to, signalName, args) });
    },
    signalWithStart(input, next) {
      const { signalName, signalArgs, options, headers } = input;
      const to = options.workflowId;
      const action = actionOfMessage(to, signalName, false);
      return next({ ...input, headers: signed(headers, action, to, signalName, signalArgs) });
    },
    startUpdate(input, next) {
      const { updateName, args, workflowExecution, headers } = input;
      const to = workflowExecution.workflowId!;
      return next({ ...input, headers: signed(headers, actionOfMessage(to, updateName, true), to, updateName, args) });
    },
    startUpdateWithStart(input, next) {
      const { updateName, updateArgs, workflowStartOptions, updateHeaders } = input;
      const to = workflowStartOptions.workflowId;
      const action = actionOfMessage(to, updateName, true);
      return next({ ...input, updateHeaders: signed(updateHeaders, action, to, updateName, updateArgs) });
    },
  };
}

/** A statement about a request of whoever the work is for. `request`: the text of the request. */
export function statementFor(
  signer: StatementSigner,
  { action, place, request }: { action: Action; place: Place; request: string },
): string {
  const { roleOn, groups } = author() ?? {};
  const role = roleOn ? roleOn(place) : undefined;
  const stated: Stated = {
    subject: userName(),
    ...(role && { role }),
    ...(groups && groups.length > 0 && { groups: [...groups] }),
    action,
    stack: place.stack,
    environment: place.environment,
    request: sha256(request),
  };
  return signer.sign(stated);
}
