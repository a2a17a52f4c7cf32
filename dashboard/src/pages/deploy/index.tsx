import { useState } from 'preact/hooks';
import { act, ask, newKey, pathOf } from '../../api/client';
import { may } from '../../api/session';
import { placeText } from '../../api/place';
import type { Api, Place, Release } from '../../api/types';
import { go, to } from '../../route';
import { t } from '../../text';
import { useLoaded } from '../../ui/load';
import { Empty, Trouble, WhenLoaded } from '../../ui/notice';
import { PageHead } from '../../ui/page-head';
import { ReasonField, withReason } from '../../ui/reason-field';
import { useWork } from '../../ui/work';
import { PlanText } from '../environment/plan';

/** Deploys the current release with other images, after a look at the plan. */
export function DeployPage({ place }: { place: Place }) {
  const loaded = useLoaded(
    (signal) => ask<'releases'>(`${pathOf(place, 'releases')}?limit=1`, signal),
    placeText(place),
  );
  return (
    <>
      <PageHead place={place} title={t('deploy.title')} />
      <WhenLoaded of={loaded}>
        {({ releases: [release] }) =>
          release && may('deployment.request', place) ? (
            <Form key={release.release} place={place} release={release} />
          ) : (
            <Empty>
              <p>{t('deploy.none')}</p>
            </Empty>
          )
        }
      </WhenLoaded>
    </>
  );
}

/** What was planned: another choice needs another plan. */
interface Planned {
  of: string;
  answer: Api['plan'];
  /** Of the request that follows: pressing twice is one deployment. */
  key: string;
}

function Form({ place, release }: { place: Place; release: Release }) {
  const [images, setImages] = useState<Record<string, string>>({});
  const [reason, setReason] = useState('');
  const [planned, setPlanned] = useState<Planned | undefined>(undefined);
  const { isBusy, error, run } = useWork();
  const body = bodyOf(release, images);
  const isPlanned = planned?.of === JSON.stringify(body);
  const plan = async () => {
    const answer = await act<'plan'>('POST', pathOf(place, 'plans'), { body });
    setPlanned({ of: JSON.stringify(body), answer, key: newKey() });
  };
  const deploy = async () => {
    const { id } = await act<'requestDeployment'>('POST', pathOf(place, 'deployments'), {
      body: { ...body, ...withReason(reason) },
      key: planned!.key,
    });
    go(to.deployment(place, id));
  };
  return (
    <form
      class="deploy"
      onSubmit={(event) => {
        event.preventDefault();
        void run(isPlanned ? deploy : plan);
      }}
    >
      <p>{t('deploy.text', { release: release.release })}</p>
      {imagesOf(release).map(([service, image]) => (
        <label key={service}>
          <span>{t('deploy.image', { service })}</span>
          <input
            value={images[service] ?? image}
            spellcheck={false}
            autocomplete="off"
            onInput={({ currentTarget }) => setImages({ ...images, [service]: currentTarget.value.trim() })}
          />
        </label>
      ))}
      <ReasonField value={reason} onInput={setReason} />
      {body.kind === 'redeploy' && <p class="faint">{t('deploy.same')}</p>}
      {error && <Trouble error={error} />}
      {isPlanned && (
        <section aria-labelledby="plan">
          <h2 id="plan">{t('deploy.plan')}</h2>
          <PlanText {...planned.answer} />
        </section>
      )}
      <div class="controls">
        <button type="submit" class="main" disabled={isBusy || (isPlanned && planned.answer.refusals.length > 0)}>
          {t(isPlanned ? 'deploy.deploy' : 'deploy.show')}
        </button>
      </div>
    </form>
  );
}

function imagesOf({ services }: Release): [service: string, image: string][] {
  return Object.values(services).flatMap(({ name, image }) => (image === undefined ? [] : [[name, image]]));
}

/** Without another image, the same ones are pulled again: their tags may have moved. */
function bodyOf(release: Release, images: Record<string, string>): { kind: string; images?: Record<string, string> } {
  const changed = imagesOf(release).filter(([service, image]) => (images[service] ?? image) !== image);
  if (changed.length === 0) return { kind: 'redeploy' };
  return { kind: 'deploy', images: Object.fromEntries(changed.map(([service]) => [service, images[service]!])) };
}
