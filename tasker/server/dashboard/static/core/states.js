// The states of tasks and steps: a sign and a word for each, so that none is told by colour alone.

const STATES = {
  pending: ["○", "pending"],
  not_run: ["–", "not run"],
  in_progress: ["●", "in progress"],
  running: ["●", "running"],
  paused: ["‖", "paused"],
  retrying: ["↻", "retrying"],
  complete: ["✔", "complete"],
  error: ["✘", "error"],
  cancelled: ["■", "cancelled"],
  resolved_manually: ["◆", "resolved by hand"],
};

export const TASK_STATES = ["pending", "in_progress", "paused", "complete", "error", "cancelled", "resolved_manually"];
const AT_REST = ["complete", "error", "cancelled", "resolved_manually"];

export const sign = (state) => (STATES[state] || ["?"])[0];
export const word = (state) => (STATES[state] || ["", state])[1];
export const isKnown = (state) => state in STATES;
export const atRest = (state) => AT_REST.includes(state);

/** The state of a step as people look for it: retrying, or not run, where that says more. */
export function shownState(step, task) {
  const rests = atRest(task.status);
  if (step.retry_at && !rests) return "retrying";
  if (step.status === "pending" && rests) return "not_run";
  return step.status;
}
