import { Monitor, Moon, Sun } from "lucide-react";
import { Segmented } from "./Segmented";
import { strings } from "./strings";
import { chooseTheme, useThemeChoice } from "./theme";

/** Light, dark, or what the system says. */
export function ThemeSwitch() {
  const choice = useThemeChoice();
  return (
    <Segmented
      label={strings.theme}
      value={choice}
      onValueChange={chooseTheme}
      options={[
        {
          value: "light",
          label: strings.themes.light,
          icon: <Sun aria-hidden size={14} />,
          iconOnly: true,
        },
        {
          value: "dark",
          label: strings.themes.dark,
          icon: <Moon aria-hidden size={14} />,
          iconOnly: true,
        },
        {
          value: "system",
          label: strings.themes.system,
          icon: <Monitor aria-hidden size={14} />,
          iconOnly: true,
        },
      ]}
    />
  );
}
