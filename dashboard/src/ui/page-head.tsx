import type { ComponentChildren } from 'preact';
import { placeText } from '../api/place';
import type { Place } from '../api/types';
import { to } from '../route';

interface PageHeadProps {
  /** The environment that the page is about; the way back leads there. */
  place: Place;
  title: string;
  children?: ComponentChildren;
}

/** The head of a page about something in an environment. */
export function PageHead({ place, title, children }: PageHeadProps) {
  return (
    <header class="page-head">
      <p class="crumb">
        <a href={to.environment(place)}>{placeText(place)}</a>
      </p>
      <h1>{title}</h1>
      {children}
    </header>
  );
}
