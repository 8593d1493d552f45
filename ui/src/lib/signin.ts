import { ipc } from "./ipc";
import { place } from "./place.svelte";

/** Begins to sign in, and shows the Account place, where the rest of it happens. */
export async function beginSignIn(device: boolean): Promise<void> {
  await ipc.signIn(device);
  place.go("account");
}
