// Rules for the JavaScript that the browser views are made of; run by `make lint`.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: {
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-shadow": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "prefer-const": "error",
      // The set of invisible characters is written as escapes of control characters.
      "no-control-regex": "off",
      "no-misleading-character-class": "off",
    },
  },
  {
    files: ["tests/js/**"],
    languageOptions: { globals: globals.node },
  },
];
