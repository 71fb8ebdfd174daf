import { createContext } from "react";

/** Whether what is inside is still growing. */
export const Growing = createContext(false);
