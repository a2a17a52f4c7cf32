/** Who does something; absent from clients of versions up to 0.2. */
export interface Act {
  by?: string;
  /** Host that the request came from. */
  from?: string;
}
