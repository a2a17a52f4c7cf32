import { useEffect, useMemo } from 'preact/hooks';
import { ask, pathOf } from '../../api/client';
import { placeText } from '../../api/place';
import type { Api, Place } from '../../api/types';
import { t, word } from '../../text';
import { duration } from '../../text/format';
import { StatusBadge } from '../../ui/badge';
import { useLoaded } from '../../ui/load';
import { Loading, Trouble } from '../../ui/notice';
import { PageHead } from '../../ui/page-head';
import { Lasting, Moment } from '../../ui/time';
import { With } from '../../ui/with';
import { Controls } from './controls';
import { Events } from './events';
import { Failure } from './failure';
import { FollowedDeployment } from './followed';
import { Forgotten } from './forgotten';
import { Graph } from './graph';
import { Outcome } from './outcome';
import { Waits } from './waits';
import { Waterfall } from './waterfall';

interface DeploymentPageProps {
  place: Place;
  id: string;
}

/** How the API answers for a deployment that Temporal does not have. */
const missing = [404, 422];

/** A deployment while it runs, and afterwards. */
export function DeploymentPage({ place, id }: DeploymentPageProps) {
  const of = useMemo(() => new FollowedDeployment(place, id), [placeText(place), id]);
  useEffect(() => of.start(), [of]);
  const state = of.state.value;
  const problem = of.problem.value;
  if (!state && problem && missing.includes(problem.status))
    return <Forgotten place={place} id={id} reason={problem.message} />;
  if (!state) return problem ? <Trouble error={problem} /> : <Loading />;
  return <Followed of={of} place={place} id={id} />;
}

function Followed({ of, place, id }: DeploymentPageProps & { of: FollowedDeployment }) {
  const { status, deployment, cause, failure, failing } = of.state.value!;
  const isOver = of.isOver.value;
  const asked = useLoaded((signal) => askedFor(place, id, isOver, signal), `${placeText(place)} ${id} ${isOver}`);
  const found = cause ?? failure?.cause ?? failing?.cause;
  return (
    <>
      <PageHead
        place={place}
        title={deployment === undefined ? t('deployment.title.queued') : t('deployment.title', { deployment })}
      >
        <p class="page-status" role="status">
          <StatusBadge status={status} />
        </p>
        <p class="faint">
          {asked.value && t('deployment.asked', { intent: word('intent', asked.value.intent), by: asked.value.by })}
          {asked.value?.reason !== undefined && <>: {asked.value.reason}</>}
        </p>
        <Times of={of} />
        <Controls of={of} place={place} id={id} />
      </PageHead>
      {of.problem.value && <Trouble error={of.problem.value} />}
      <Waits state={of.state.value!} />
      {found && <Failure cause={found} />}
      {isOver && asked.value?.result && <Outcome result={asked.value.result} />}
      <Graph of={of} />
      <Waterfall of={of} />
      <Events of={of} />
    </>
  );
}

function Times({ of }: { of: FollowedDeployment }) {
  const from = of.beganAt.value;
  const estimate = of.plan.value?.estimateMs;
  if (from === undefined) return null;
  return (
    <p class="times">
      <With text="deployment.began" name="time">
        <Moment at={from} />
      </With>
      <With text={of.isOver.value ? 'deployment.took' : 'deployment.runs'} name="duration">
        <Lasting from={from} to={of.endedAt.value} />
      </With>
      {estimate !== undefined && estimate > 0 && (
        <span>{t('deployment.estimate', { duration: duration(estimate) })}</span>
      )}
    </p>
  );
}

interface Asked {
  by: string;
  intent: string;
  reason?: string;
  result?: Api['deploymentResult'];
}

/** Who asked for a deployment and why: its environment knows while it runs, its result afterwards. */
async function askedFor(place: Place, id: string, isOver: boolean, signal: AbortSignal): Promise<Asked | undefined> {
  if (isOver) {
    const path = pathOf(place, 'deployments', id, 'result');
    const result = await ask<'deploymentResult'>(path, signal);
    return { by: result.requestedBy, intent: result.intent, reason: result.reason, result };
  }
  const { running, queue } = await ask<'queue'>(pathOf(place, 'queue'), signal);
  const isIt = (each: { workflowId: string; deployment?: number }) =>
    each.workflowId.endsWith(`/${id}`) || String(each.deployment) === id;
  return [...(running ? [running] : []), ...queue].find(isIt)?.asked;
}
