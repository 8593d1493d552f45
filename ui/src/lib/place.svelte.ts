export const PLACES = ["connect", "requests", "account", "settings"] as const;

export type Place = (typeof PLACES)[number];

/** Which place is shown. It follows the address's fragment, so that links can name a place. */
class CurrentPlace {
  current = $state<Place>(named(location.hash));

  go(place: Place): void {
    location.hash = place;
    this.current = place;
  }

  /** Follows the address until the returned function is called. */
  follow(): () => void {
    const moved = () => (this.current = named(location.hash));
    moved();
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }
}

function named(hash: string): Place {
  return PLACES.find((place) => hash === `#${place}`) ?? "connect";
}

export const place = new CurrentPlace();
