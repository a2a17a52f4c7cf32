/** Who does something; absent from clients of earlier versions. */
export interface Act {
  by?: string;
  /** Host that the request came from. */
  from?: string;
}
