import type { Stack } from '../../model/stack';
import type { HostPlan } from './host-plan';
import { lanesOf, type PlannedPhase, type PlannedService } from '../plan';

/**
 * The phases of all hosts as one order: what is in the way goes first, the phases of the stack, what is gone from it
 * last.
 */
export function inOrderOfPhases(parts: readonly HostPlan[], stack: Stack): PlannedPhase[] {
  const first = parts.map(({ removals }) => named(removals.first, stack));
  const last = parts.map(({ removals }) => named(removals.last, stack));
  return [...sideBySide(first), ...sideBySide(parts.map(({ phases }) => phases)), ...sideBySide(last)];
}

/** Phases of one number and place, of all hosts. */
function sideBySide(of: readonly PlannedPhase[][]): PlannedPhase[] {
  const merged = new Map<string, PlannedPhase>();
  for (const phases of of) {
    for (const [index, phase] of phases.entries()) {
      const key = phase.number === 0 ? `0/${index}` : String(phase.number);
      const there = merged.get(key);
      merged.set(key, there ? { ...there, services: [...there.services, ...phase.services] } : phase);
    }
  }
  return [...merged.values()].sort((a, b) => a.number - b.number);
}

/** A service that moves to another host is in the plan twice; what goes is named by where it was. */
function named(removals: PlannedPhase[], { services }: Stack): PlannedPhase[] {
  return removals.map((phase) => ({
    ...phase,
    services: phase.services.map((service) => (services[service.name] ? asMoved(service) : service)),
  }));
}

function asMoved(service: PlannedService): PlannedService {
  const [step] = lanesOf(service).flat();
  return step ? { ...service, name: `${service.name} (on ${step.host})` } : service;
}
