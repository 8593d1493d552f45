import type { UnlistenFn } from "@tauri-apps/api/event";

import { sentence } from "./ipc";

interface Source<T> {
  listen: (heard: (value: T) => void) => Promise<UnlistenFn>;
  ask: () => Promise<T>;
  take: (value: T) => void;
  fail: (sentence: string) => void;
}

/**
 * Follows a value of Rust's until the returned function is called. It is asked for once its events are listened to, so that
 * no change is missed; what an event told meanwhile is newer than the answer.
 */
export function followLatest<T>({ listen, ask, take, fail }: Source<T>): () => void {
  let told = false;
  const heard = listen((value) => {
    told = true;
    take(value);
  });
  heard
    .then(ask)
    .then((value) => {
      if (!told) take(value);
    })
    .catch((error) => fail(sentence(error)));
  return () => void heard.then((stop) => stop());
}
