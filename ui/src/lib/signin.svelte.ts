import { ipc, type SignIn } from "./ipc";
import { place } from "./place.svelte";

/** A sign-in that has begun and is neither finished nor given up. */
class PendingSignIn {
  pending = $state.raw<SignIn | null>(null);

  /** Shows the Account place, where the rest of it happens. */
  async begin(device: boolean): Promise<void> {
    this.pending = await ipc.signIn(device);
    place.go("account");
  }

  async cancel(): Promise<void> {
    this.pending = null;
    await ipc.cancelSignIn();
  }

  finished(): void {
    this.pending = null;
  }
}

export const signIn = new PendingSignIn();
