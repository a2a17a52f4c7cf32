import { allHandlersFinished, continueAsNew, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import {
  auditedSignal,
  committedSignal,
  environmentQuery,
  finishedSignal,
  freezeSignal,
  joinSignal,
  leaveSignal,
  pauseWatchSignal,
  removeSecretSignal,
  resealedSecretsSignal,
  resumeWatchSignal,
  storedSecretsQuery,
  storeSecretSignal,
  thawSignal,
  type EnvironmentState,
  type Place,
} from '../messages';
import { admit } from '../support/admit';
import { listen, listenToAct } from '../support/listen';
import { inputs, shapes } from '../messages/shapes';
import { patches } from '../support/patches';
import { waitUntil } from '../support/serialised-events';
import { onRefusal, requireStatements } from '../support/statements';
import { EnvironmentMemory } from './memory';
import { EnvironmentWatch } from './watch';

const firstCheckMs = 30_000;
const longestCheckMs = 300_000;
const supersededCheckMs = 10_000;

/**
 * The lock, the queue and the memory of an environment: one deployment runs at a time. The lock cannot leak: at
 * intervals, and whenever a deployment waits, it checks with Temporal whether the running deployment still exists.
 */
export async function environment(place: Place, before?: EnvironmentState): Promise<void> {
  admit(place, inputs.environment, 'environment');
  admit(before, inputs.environmentState, 'environment');
  const memory = new EnvironmentMemory(
    before ?? {
      place,
      runtime: 'docker',
      numbers: { deployment: 0, release: 0 },
      releases: [],
      jobs: {},
      runs: [],
      queue: [],
      recent: [],
    },
  );
  if (memory.state.statements) requireStatements();
  onRefusal((_, why) => memory.noteRefusal(why));
  setHandler(environmentQuery, () => memory.shown);
  setHandler(storedSecretsQuery, () => memory.secrets.all);
  listen(joinSignal, shapes.join, (request) => memory.queue.join(request));
  listen(leaveSignal, shapes.leave, (workflowId) => memory.queue.leave(workflowId));
  listen(committedSignal, shapes.committed, ({ workflowId, deployment, release }) =>
    memory.commit(workflowId, deployment, release),
  );
  listen(finishedSignal, shapes.finished, (report) => memory.finish(report));
  listen(freezeSignal, shapes.freeze, (freeze) => memory.freeze(freeze));
  listen(auditedSignal, shapes.audited, (head) => memory.records.remember(head));
  listenToAct(thawSignal, (act) => memory.thaw(act));
  listen(pauseWatchSignal, shapes.pauseWatch, (pause) => memory.pauseWatch(pause));
  listenToAct(resumeWatchSignal, (act) => memory.resumeWatch(act));
  listen(storeSecretSignal, shapes.storeSecret, (secret) => memory.change(() => memory.secrets.store(secret)));
  listen(removeSecretSignal, shapes.removeSecret, (secret) => memory.change(() => memory.secrets.remove(secret)));
  listen(resealedSecretsSignal, shapes.resealedSecrets, (resealed) => memory.secrets.reseal(resealed));
  const watch = new EnvironmentWatch(memory);

  await waitUntil(() => !memory.isEmpty() || before !== undefined);
  for (let check = firstCheckMs; ;) {
    const attentive = patched(patches.attentiveEnvironment);
    let seen = memory.changes;
    if (memory.knowsNothing()) await memory.recall();
    memory.queue.refuseForbidden();
    await memory.queue.sendDecisions();
    await memory.queue.admitNext();
    if (memory.isEmpty()) return;
    if (patched(patches.watch)) await watch.follow();
    await memory.records.write(() => memory.changes !== seen);
    if (workflowInfo().continueAsNewSuggested) {
      watch.stop();
      await waitUntil(allHandlersFinished);
      await memory.queue.sendDecisions();
      return continueAsNew<typeof environment>(place, memory.state);
    }
    if (!attentive) seen = memory.changes;
    const checkMs =
      memory.state.running?.supersededBy !== undefined
        ? Math.min(check, supersededCheckMs)
        : memory.state.running
          ? check
          : longestCheckMs;
    const changed = await waitUntil(
      () => memory.changes !== seen,
      Math.min(checkMs, memory.nextEventMs(), watch.nextMs()),
    );
    check = changed ? firstCheckMs : Math.min(check * 2, longestCheckMs);
    await memory.checkRunning(!changed);
  }
}
