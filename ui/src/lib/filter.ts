import type { RequestView } from "./ipc";
import { clientName, modelOf, outcomeOf, type Outcome } from "./record";

/** What the list is narrowed to. An empty field narrows nothing. */
export interface Filter {
  text: string;
  outcome: Outcome | "";
  client: string;
  model: string;
}

export const NO_FILTER: Filter = { text: "", outcome: "", client: "", model: "" };

export const isNarrow = (filter: Filter): boolean => Object.values(filter).some((value) => value !== "");

/** A test for one request; every word of the text must be somewhere in it. */
export function matcher(filter: Filter): (view: RequestView) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return (view) => {
    const { record } = view;
    if (filter.outcome && outcomeOf(record) !== filter.outcome) return false;
    if (filter.client && clientName(record.client) !== filter.client) return false;
    if (filter.model && modelOf(record) !== filter.model) return false;
    return words.length === 0 || words.every((word) => haystack(view).includes(word));
  };
}

// Made once a request, since a thousand of them are searched at every key.
const haystacks = new WeakMap<RequestView, string>();

function haystack(view: RequestView): string {
  let made = haystacks.get(view);
  if (made === undefined) {
    const { record: r } = view;
    const { honoured, neutral, ignored, refused } = r.parameters;
    made = [
      ...[r.id, r.client, r.method, r.path, r.model_asked, r.model_used, r.status],
      ...[r.error?.message, r.error?.code, r.error?.param, r.text?.prompt, r.text?.answer],
      ...[...honoured, ...neutral, ...ignored, ...refused],
    ]
      .filter((part) => part != null)
      .join("\n")
      .toLowerCase();
    haystacks.set(view, made);
  }
  return made;
}
