import stylistic from "@stylistic/eslint-plugin";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  { ignores: ["node_modules/", "dist/", "sandbox/app/", "sandbox/backstage/", "test/reporter.cjs"] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["eslint.config.mjs"] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { "@stylistic": stylistic },
    rules: {
      // Prettier breaks what it can; what it cannot, a sentence or a pattern, is broken by hand.
      "@stylistic/max-len": ["error", { code: 140 }],
      // Numbers are safe in a template; Pulumi's Outputs are what this rule is here to catch.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // Passing a void result on is how short arrow functions read best.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        {
          // An assertion inside an apply that nobody awaits passes even when it is false.
          selector: "ExpressionStatement > CallExpression[callee.property.name='apply']",
          message: "Await valueOf(output) instead of a bare apply.",
        },
      ],
    },
  },
);
