/** Signing in and out, the same on every page. */
export { Account, type AccountProps } from "./Account";
export { SignInForm, type SignInFormProps } from "./SignInForm";
