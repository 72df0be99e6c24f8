/** One install of what takes part, on a site of its own. */
export interface Contestant {
  /**
   * What is there before the clock starts.
   * @param remembers the last install's secret is still where this one's will come from
   */
  prepare(remembers: boolean): Promise<void>;
  /** Installs it, all of it begun at once. @param delay how many seconds Keycloak is configured late */
  install(delay: number): Promise<void>;
  /** Puts another client secret where Backstage's Secret is filled from. */
  handOver(secret: string): Promise<void>;
  /** Whoever configures Keycloak runs again. */
  configureAgain(): Promise<void>;
  /** Everybody does what a new URL asks of them. */
  move(): Promise<void>;
  /** What a person does where nothing mends itself; `what` tells it. */
  readonly hands: { readonly what: string; readonly act: () => Promise<void> };
  /** Nothing of it stays. */
  remove(): Promise<void>;
}
